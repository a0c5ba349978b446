//! Generators of three languages make complete clients of the documents, which compile.

use std::fs;
use std::path::{Path, PathBuf};

use tests::setting;
use tokio::process::Command;

use crate::documents::both;
use crate::tools::{FOLDER, npm, succeed, succeed_silently};

/// Imports every module of the package in the current folder, and prints the names of those with an operation.
const IMPORT: &str = "import importlib, pkgutil, client
for module in pkgutil.walk_packages(client.__path__, 'client.'):
    importlib.import_module(module.name)
    if module.name.startswith('client.api.'):
        print(module.name.rpartition('.')[2])";

#[tokio::test(flavor = "multi_thread")]
async fn openapi_typescript_makes_types_of_every_operation() {
    for document in both().await {
        let client = document.folder.path().join("client.ts");
        let mut generate = npm("openapi-typescript");
        succeed_silently(generate.arg(&document.file).arg("--output").arg(&client)).await;
        succeed(npm("tsc").args(["--noEmit", "--strict"]).arg(&client)).await;
        let text = fs::read_to_string(&client).unwrap();
        let (_, operations) = text.split_once("export interface operations {").unwrap();
        let names =
            operations.lines().filter_map(|line| line.strip_prefix("    ")?.strip_suffix(": {"));
        document.assert_complete(&names.map(str::to_owned).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn openapi_python_client_makes_a_client_of_every_operation() {
    let python = PathBuf::from(setting("OPENAPI_PYTHON_CLIENT"));
    for document in both().await {
        let client = document.folder.path().join("client");
        let mut generate = Command::new(python.with_file_name("openapi-python-client"));
        generate.args(["generate", "--fail-on-warning", "--meta", "none", "--config"]);
        generate.arg(format!("{FOLDER}/python.yaml")).arg("--path").arg(&document.file);
        succeed_silently(generate.arg("--output-path").arg(&client)).await;
        let mut import = Command::new(&python);
        let imported = succeed(import.args(["-c", IMPORT]).current_dir(&document.folder)).await;
        document.assert_complete(&imported.lines().map(str::to_owned).collect::<Vec<_>>());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn oapi_codegen_makes_a_client_of_every_operation() {
    let generator = setting("OAPI_CODEGEN");
    if generator.is_empty() {
        eprintln!("SKIPPED: oapi-codegen cannot be built: it needs Go 1.26");
        return;
    }
    for document in both().await {
        let folder = document.folder.path();
        for file in ["go.mod", "go.sum"] {
            fs::copy(Path::new(FOLDER).join("go").join(file), folder.join(file)).unwrap();
        }
        let client = folder.join("client.go");
        let mut generate = Command::new(&generator);
        generate.args(["-generate", "types,client", "-package", "client", "-o"]).arg(&client);
        succeed_silently(generate.arg(&document.file)).await;
        succeed(Command::new("go").args(["build", "./..."]).current_dir(folder)).await;
        let text = fs::read_to_string(&client).unwrap();
        let methods = text.lines().filter_map(|line| line.strip_prefix("func (c *Client) "));
        let names = methods.filter_map(|line| line.split('(').next());
        let names = names.map(|name| name.trim_end_matches("WithBody").to_owned());
        document.assert_complete(&names.collect::<Vec<_>>());
    }
}
