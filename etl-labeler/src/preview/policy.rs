//! The policy of a preview: from a file, from standard input, or from auth-server.

use std::{fs, io, path::PathBuf, str::FromStr, time::Duration};

use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, HeaderValue},
    redirect,
};
use serde::{Deserialize, de::DeserializeOwned};
use service::{config::BaseUrl, outbound};
use thiserror::Error;

/// Time for one request to auth-server.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Where the policy is.
#[derive(Clone, Debug)]
pub enum PolicySource {
    /// Standard input.
    Stdin,
    /// A file.
    File(PathBuf),
    /// auth-server.
    Server(BaseUrl),
}

/// A policy as text, and the sets of roles that users have.
#[derive(Debug)]
pub struct PolicyText {
    /// In the format of `auth-server rules export`.
    pub(super) rules: String,
    /// The sets of roles that users have together; only auth-server knows them.
    pub(super) role_sets: Option<Vec<RoleSet>>,
}

/// Users with the same roles.
#[derive(Debug, Deserialize)]
pub(super) struct RoleSet {
    pub(super) roles: Vec<String>,
    pub(super) users: u64,
}

/// auth-server does not say what the policy is.
#[derive(Debug, Error)]
pub enum PolicyServerError {
    /// It cannot be reached, or answers with a server error.
    #[error("{url} is unavailable: {reason}")]
    Unavailable {
        /// The server.
        url: BaseUrl,
        /// Why.
        reason: String,
    },
    /// It does not show the policy to this program.
    #[error(
        "{url} refuses ({status}): set ETL_CLIENT_ID and ETL_CLIENT_SECRET of a service client with the \
         scope `policy:read`"
    )]
    Refused {
        /// The server.
        url: BaseUrl,
        /// The status of its response.
        status: StatusCode,
    },
    /// It is no auth-server, or one of another version.
    #[error("{url} sent an unexpected response: {reason}")]
    Unexpected {
        /// The server.
        url: BaseUrl,
        /// What is unexpected.
        reason: String,
    },
}

impl FromStr for PolicySource {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "-" {
            return Ok(Self::Stdin);
        }
        if !text.starts_with("http://") && !text.starts_with("https://") {
            return Ok(Self::File(text.into()));
        }
        let url = BaseUrl::try_from(text.to_owned())?;
        if !url.url().username().is_empty() || url.url().password().is_some() {
            return Err(
                "must not contain a password; set ETL_CLIENT_ID and ETL_CLIENT_SECRET".into()
            );
        }
        Ok(Self::Server(url))
    }
}

impl PolicySource {
    /// Reads the policy. `authorization` is the header with the credentials of a service client.
    ///
    /// # Errors
    /// The file cannot be read, or auth-server does not answer.
    pub async fn read(
        self,
        authorization: Option<HeaderValue>,
    ) -> Result<PolicyText, super::AudienceError> {
        let rules = match self {
            Self::Stdin => io::read_to_string(io::stdin())?,
            Self::File(path) => fs::read_to_string(path)?,
            Self::Server(url) => return Ok(Server::new(url, authorization)?.policy().await?),
        };
        Ok(PolicyText { rules, role_sets: None })
    }
}

/// auth-server.
struct Server {
    http: Client,
    url: BaseUrl,
    authorization: Option<HeaderValue>,
}

impl Server {
    fn new(url: BaseUrl, authorization: Option<HeaderValue>) -> Result<Self, PolicyServerError> {
        // The credentials go to this server and nowhere else.
        let http =
            outbound::client_for(url.url()).timeout(TIMEOUT).redirect(redirect::Policy::none());
        match http.build() {
            Ok(http) => Ok(Self { http, url, authorization }),
            Err(error) => Err(PolicyServerError::Unavailable { url, reason: error.to_string() }),
        }
    }

    async fn policy(&self) -> Result<PolicyText, PolicyServerError> {
        let rules = self.get("policy", &[]).await?;
        Ok(PolicyText { rules, role_sets: Some(self.role_sets().await?) })
    }

    async fn role_sets(&self) -> Result<Vec<RoleSet>, PolicyServerError> {
        #[derive(Deserialize)]
        struct Page {
            items: Vec<RoleSet>,
            next: Option<String>,
        }
        let (mut all, mut cursor) = (Vec::new(), None);
        loop {
            let query = [("limit", Some("1000".to_owned())), ("cursor", cursor)];
            let page: Page = self.json("policy/role-sets", &query).await?;
            all.extend(page.items);
            cursor = page.next;
            if cursor.is_none() {
                return Ok(all);
            }
        }
    }

    async fn json<T: DeserializeOwned>(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
    ) -> Result<T, PolicyServerError> {
        let text = self.get(path, query).await?;
        serde_json::from_str(&text).map_err(|error| PolicyServerError::Unexpected {
            url: self.url.clone(),
            reason: error.to_string(),
        })
    }

    async fn get(
        &self,
        path: &str,
        query: &[(&str, Option<String>)],
    ) -> Result<String, PolicyServerError> {
        let mut request =
            self.http.get(format!("{}/api/v1/{path}", self.url.as_str())).query(query);
        if let Some(authorization) = &self.authorization {
            request = request.header(AUTHORIZATION, authorization.clone());
        }
        let unavailable =
            |reason: String| PolicyServerError::Unavailable { url: self.url.clone(), reason };
        let response =
            request.send().await.map_err(|error| unavailable(outbound::causes(&error)))?;
        let (url, status) = (self.url.clone(), response.status());
        match status {
            StatusCode::OK => {
                response.text().await.map_err(|error| unavailable(outbound::causes(&error)))
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => {
                Err(PolicyServerError::Refused { url, status })
            }
            status if status.is_server_error() => Err(unavailable(status.to_string())),
            status => Err(PolicyServerError::Unexpected { url, reason: status.to_string() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PolicySource;

    #[test]
    fn a_source_is_told_by_its_form() {
        let parse = str::parse::<PolicySource>;
        assert!(matches!(parse("-"), Ok(PolicySource::Stdin)));
        assert!(matches!(parse("http.csv"), Ok(PolicySource::File(_))));
        assert!(matches!(parse("https://auth.example/base"), Ok(PolicySource::Server(_))));
        for refused in ["https://", "http://user:secret@auth.example", "https://auth.example/?a"] {
            assert!(parse(refused).is_err(), "{refused}");
        }
    }
}
