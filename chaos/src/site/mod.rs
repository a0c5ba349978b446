//! A whole deployment: stores, two auth-servers behind a load balancer, movie-api and the labeler.

mod films;
mod settings;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use anyhow::{Context, ensure};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::{At, Http, Request, Urls};
use crate::ledger::Ledger;
use crate::load::{Identities, Identity, Load, PASSWORD, credentials, logins};
use crate::process::Program;
use crate::recorder::Recorder;
use crate::stores::{Store, Stores};
pub(crate) use films::{NEW_FILMS, OLD_FILMS, new_film, old_film};
use settings::Settings;

/// How long the site may take to be ready at first.
const START: Duration = Duration::from_mins(1);

/// Where everything is on this machine.
pub(crate) struct Places {
    /// The script `./dev`.
    pub(crate) dev: PathBuf,
    /// Folder of the programs.
    pub(crate) programs: PathBuf,
    /// Folder for logs.
    pub(crate) logs: PathBuf,
}

/// A part of the site that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Store(Store),
    Auth(usize),
    Movie,
    Labeler,
}

/// The running site. Programs are killed on drop; the stores are stopped by `./dev chaos`.
pub(crate) struct Site {
    pub(crate) stores: Stores,
    auth: [Program; 2],
    movie: Program,
    labeler: Program,
    /// The load balancer; not a part that fails.
    _proxy: Program,
}

impl Site {
    /// Starts everything, and prepares what the load needs.
    pub(crate) async fn open(places: &Places) -> anyhow::Result<(Self, Load)> {
        let stores = Stores::start_all(places.dev.clone()).await?;
        let settings = Settings::prepare(&stores).await?;
        let urls = urls(&stores)?;
        let program = |name: &str, arguments: &[&str], settings: Vec<(&str, &str)>, log: &str| {
            let log = places.logs.join(format!("{log}.log"));
            Program::new(&places.programs.join(name), arguments, &settings, log)
        };
        let auth = |number: usize, url: &str| {
            let log = format!("auth-server-{}", number + 1);
            program("auth-server", &["serve"], settings.auth_server(address(url)), &log)
        };
        let [first, second] = &urls.auth;
        let mut auth = [auth(0, first), auth(1, second)];
        let [server, _] = &auth;
        server.run(&["migrate"], "").await?;
        server.run(&["superuser", "create", "root"], PASSWORD).await?;
        let scopes =
            ["filter", "evaluate", "users:deleted"].map(|scope| ["--scope", scope]).concat();
        let client = [["client", "create", "movie-api"].as_slice(), &scopes].concat();
        let client = server.run(&client, "").await?;
        let mut labeler = program(
            "etl-labeler",
            &["run"],
            settings.labeler(address(&urls.labeler)),
            "etl-labeler",
        );
        films::import(&labeler).await?;
        let movie = settings.movie_api(address(&urls.movie), &urls.proxy, &client)?;
        let movie = movie.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let mut movie = program("movie-api", &["serve"], movie, "movie-api");
        movie.run(&["migrate"], "").await?;
        let mut proxy = proxy(places, &urls)?;
        for program in [&mut proxy, &mut movie, &mut labeler].into_iter().chain(&mut auth) {
            program.start()?;
        }
        let load = Load {
            http: Http::new(urls)?,
            recorder: Recorder::default(),
            ledger: Ledger::default(),
            identities: Identities::default(),
            index: settings::INDEX.into(),
            hurries: AtomicBool::new(false),
        };
        for at in [At::Auth(0), At::Auth(1), At::Movie, At::Labeler] {
            until_ready(&load, at, START).await?;
        }
        prepare_accounts(&load).await?;
        Ok((Self { stores, auth, movie, labeler, _proxy: proxy }, load))
    }

    /// Ends a part with SIGKILL.
    pub(crate) async fn kill(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Store(store) => self.stores.signal(store, "KILL").await,
            _ => self.program(part)?.kill().await,
        }
    }

    /// Starts a part that has ended. A store answers when this returns.
    pub(crate) async fn start(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Store(store) => self.stores.start(store).await,
            _ => self.program(part)?.start(),
        }
    }

    /// Stops a part as an operator would, and waits until it has ended.
    pub(crate) async fn stop(&mut self, part: Part) -> anyhow::Result<()> {
        match part {
            Part::Store(store) => self.stores.stop(store).await,
            _ => self.program(part)?.terminate().await,
        }
    }

    /// Sends a signal to every process of a part.
    pub(crate) async fn signal(&mut self, part: Part, name: &str) -> anyhow::Result<()> {
        match part {
            Part::Store(store) => self.stores.signal(store, name).await,
            _ => self.program(part)?.signal(name).await,
        }
    }

    fn program(&mut self, part: Part) -> anyhow::Result<&mut Program> {
        match part {
            Part::Auth(number) => self.auth.get_mut(number).context("there are two auth-servers"),
            Part::Movie => Ok(&mut self.movie),
            Part::Labeler => Ok(&mut self.labeler),
            Part::Store(store) => anyhow::bail!("{store:?} is no program"),
        }
    }
}

/// Waits until a program says that it is ready.
pub(crate) async fn until_ready(load: &Load, at: At, limit: Duration) -> anyhow::Result<()> {
    let begin = Instant::now();
    while !load.http.get(at, "/health/ready", None).await.is_success() {
        ensure!(begin.elapsed() < limit, "{at:?} is not ready after {limit:?}; see its log");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Ok(())
}

fn urls(stores: &Stores) -> anyhow::Result<Urls> {
    let mut ports =
        (20_000..32_768_u16).filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok());
    let mut url = || {
        let port = ports.next().context("no free port")?;
        anyhow::Ok(format!("http://127.0.0.1:{port}"))
    };
    Ok(Urls {
        proxy: url()?,
        auth: [url()?, url()?],
        movie: url()?,
        labeler: url()?,
        elasticsearch: stores.elasticsearch.clone(),
    })
}

/// `host:port` of a URL.
fn address(url: &str) -> &str {
    url.trim_start_matches("http://")
}

fn proxy(places: &Places, urls: &Urls) -> anyhow::Result<Program> {
    let folder = places.logs.to_str().context("the folder of the logs is not UTF-8")?;
    let [first, second] = &urls.auth;
    let configuration = include_str!("../nginx.conf")
        .replace("FOLDER", folder)
        .replace("FIRST", address(first))
        .replace("SECOND", address(second))
        .replace("LISTEN", address(&urls.proxy));
    let file = places.logs.join("nginx.conf");
    std::fs::write(&file, configuration)?;
    let arguments = ["-c", file.to_str().context("its path is not UTF-8")?];
    Ok(Program::new(Path::new("nginx"), &arguments, &[], places.logs.join("nginx.log")))
}

/// Registers the accounts of the load, and grants the only role.
async fn prepare_accounts(load: &Load) -> anyhow::Result<()> {
    let mut member = String::new();
    for login in logins() {
        let path = "/api/v1/auth/register";
        let reply = load.http.post(At::Proxy, path, None, credentials(login)).await;
        ensure!(reply.is_success(), "registration of {login}: {}", reply.summary());
        if Identity::Member.login() == Some(login) {
            reply.text("/user/id").clone_into(&mut member);
        }
    }
    ensure!(load.sign_in().await, "a login was refused");
    let token = load.identities.token(Identity::Superuser);
    let path = format!("/api/v1/users/{member}/roles/subscriber");
    let (at, method, body) = (At::Proxy, Method::PUT, Value::Null);
    let grant = Request { at, method, path: &path, token: token.as_deref(), body, key: None };
    let granted = load.http.send(grant).await;
    ensure!(granted.is_success(), "grant: {}", granted.summary());
    let revision = granted.body.pointer("/revision").cloned().unwrap_or(json!(0));
    for server in 0..2 {
        let mut question = crate::load::film("new-01", &["new"]);
        if let Some(question) = question.as_object_mut() {
            question.insert("at_least".into(), revision.clone());
        }
        let reply = load.http.post(At::Auth(server), crate::load::CHECK, None, question).await;
        ensure!(reply.is_success(), "server {}: {}", server + 1, reply.summary());
    }
    Ok(())
}
