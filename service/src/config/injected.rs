//! Variables that Kubernetes and Docker add to the environment of every container, one set for each service
//! beside it: a service `auth-server` makes `AUTH_SERVER_PORT=tcp://10.0.0.7:8080`.

/// True for a name of one of these shapes: `*_SERVICE_HOST`, `*_SERVICE_PORT*`, `*_PORT` and
/// `*_PORT_<number>_<protocol>*`.
pub(super) fn is_injected(name: &str) -> bool {
    let has_stem = |at: usize| at > 0;
    name.strip_suffix("_SERVICE_HOST")
        .or(name.strip_suffix("_PORT"))
        .is_some_and(|stem| has_stem(stem.len()))
        || name.find("_SERVICE_PORT").is_some_and(has_stem)
        || name.match_indices("_PORT_").any(|(at, matched)| {
            has_stem(at) && name.get(at + matched.len()..).is_some_and(is_numbered)
        })
}

/// `8080_TCP`, `8080_TCP_ADDR`.
fn is_numbered(port: &str) -> bool {
    let mut parts = port.split('_');
    let number = parts.next().is_some_and(|number| number.parse::<u16>().is_ok());
    number && parts.next().is_some_and(|protocol| ["TCP", "UDP", "SCTP"].contains(&protocol))
}

#[cfg(test)]
mod tests {
    use super::is_injected;

    #[test]
    fn exactly_the_shapes_of_kubernetes_and_docker_are_injected() {
        for name in [
            "AUTH_SERVER_PORT",
            "AUTH_SERVER_SERVICE_HOST",
            "AUTH_SERVER_SERVICE_PORT",
            "AUTH_SERVER_SERVICE_PORT_HTTP",
            "AUTH_SERVER_PORT_8080_TCP",
            "AUTH_SERVER_PORT_8080_TCP_ADDR",
            "AUTH_DNS_PORT_53_UDP_PROTO",
            "AUTH_PORT",
        ] {
            assert!(is_injected(name), "{name}");
        }
        for name in [
            "AUTH_LISTN",
            "AUTH_PORTS",
            "AUTH_PORT_HTTP",
            "AUTH_PORT_8080",
            "AUTH_PORT_8080_HTTP",
            "AUTH_SERVICE_HOSTS",
            "AUTH_HOST",
            "_PORT",
        ] {
            assert!(!is_injected(name), "{name}");
        }
    }
}
