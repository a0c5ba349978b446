//! The tutorial of the main README, on the sample catalogue.

use crate::site::Site;

#[tokio::test]
async fn the_tutorial_works_as_written() {
    let calls = Site::open().await.shell().run("README.md");
    // `.ci/run` runs the demo itself and checks what it prints.
    assert_eq!(calls, ["dev demo"]);
}
