use poem::Request;
use poem::http::Method;

use super::*;

fn read(uri: &str, headers: &[(&str, &str)]) -> Result<String, OriginalRequestError> {
    ask(Method::GET, uri, headers)
}

fn ask(
    method: Method,
    uri: &str,
    headers: &[(&str, &str)],
) -> Result<String, OriginalRequestError> {
    let mut request = Request::builder().method(method).uri_str(uri);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let OriginalRequest { action, id } = OriginalRequest::of(&request.finish())?;
    Ok(format!("{action} {id}"))
}

const PATH: &str = "/forward-auth";
const HOST: (&str, &str) = ("host", "Films.example:443");

const NGINX: [(&str, &str); 3] =
    [HOST, ("x-original-method", "PUT"), ("x-original-uri", "/a%20b?c=/d//e#")];

const CADDY: [(&str, &str); 5] = [
    ("host", "127.0.0.1:8080"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-method", "HEAD"),
    ("x-forwarded-host", "films.example:443"),
    ("x-forwarded-uri", "/a"),
];

#[test]
fn each_kind_of_proxy_is_understood() {
    assert_eq!(read(PATH, &NGINX), Ok("PUT films.example/a b".into()));
    assert_eq!(read(PATH, &CADDY), Ok("GET films.example/a".into()));
    let envoy = ask(Method::DELETE, "/forward-auth/envoy/a?b", &[HOST]);
    assert_eq!(envoy, Ok("DELETE films.example/a".into()));
    // HTTP/2 has no header `Host`.
    let envoy = read("http://films.example/forward-auth/envoy/", &[]);
    assert_eq!(envoy, Ok("GET films.example/".into()));
}

#[test]
fn whatever_is_missing_or_repeated_is_refused() {
    for form in [&NGINX[..], &CADDY[1..]] {
        for (name, value) in form.iter().filter(|(name, _)| *name != "x-forwarded-proto") {
            let without: Vec<_> = form.iter().copied().filter(|(other, _)| other != name).collect();
            let name = HeaderName::from_bytes(name.as_bytes()).expect("a name");
            assert_eq!(read(PATH, &without), Err(OriginalRequestError::Missing(name.clone())));
            let twice = [form, &[(name.as_str(), *value)]].concat();
            assert_eq!(read(PATH, &twice), Err(OriginalRequestError::Repeated(name)));
        }
    }
    assert_eq!(read(PATH, &[HOST]), Err(OriginalRequestError::NoForm));
    let missing = Err(OriginalRequestError::Missing(super::HOST));
    assert_eq!(read("/forward-auth/envoy/a", &[]), missing);
    // What a client says is not what its proxy says.
    assert_eq!(read("/forward-auth/envoy/a", &[("x-forwarded-host", "films.example")]), missing);
}

#[test]
fn contradictions_are_refused() {
    let several_forms = Err(OriginalRequestError::SeveralForms);
    assert_eq!(read(PATH, &[&NGINX[..], &CADDY[2..3]].concat()), several_forms);
    assert_eq!(read(PATH, &[&CADDY[..], &NGINX[2..]].concat()), several_forms);
    assert_eq!(read("/forward-auth/envoy/a", &NGINX), several_forms);
    assert_eq!(read("/forward-auth/envoy/a", &CADDY), several_forms);
    let hosts = Err(OriginalRequestError::SeveralHosts);
    let other = ("x-forwarded-host", "other.example");
    assert_eq!(read(PATH, &[&NGINX[..], &[other]].concat()), hosts);
    assert_eq!(read("/forward-auth/envoy/a", &[HOST, other]), hosts);
    assert_eq!(read("http://other.example/forward-auth/envoy/a", &[HOST]), hosts);
    let same = ("x-forwarded-host", "FILMS.example");
    assert!(read(PATH, &[&NGINX[..], &[same]].concat()).is_ok());
}

#[test]
fn odd_methods_and_hosts_are_refused() {
    for method in ["", "get", "Get", "GET ", "GET, POST", "G\u{e9}T", &"A".repeat(33)] {
        let headers = [HOST, ("x-original-method", method), NGINX[2]];
        let headers = headers.map(|(name, value)| (name, value));
        assert_eq!(read(PATH, &headers), Err(OriginalRequestError::Method), "{method:?}");
    }
    let patch = Method::from_bytes(b"patch").expect("a method");
    assert_eq!(ask(patch, "/forward-auth/envoy/a", &[HOST]), Err(OriginalRequestError::Method));
    let headers = [("host", "films.example."), NGINX[1], NGINX[2]];
    assert_eq!(read(PATH, &headers), Err(OriginalRequestError::Host));
    let headers = [NGINX[0], NGINX[1], ("x-original-uri", "//")];
    let empty = OriginalRequestError::Path(AmbiguousPath::EmptySegment);
    assert_eq!(read(PATH, &headers), Err(empty));
}
