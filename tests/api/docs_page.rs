//! `/docs` in a browser.

use serde_json::json;
use tests::{Browser, DESKTOP, PASSWORD, TestServer, User};

use crate::rules::rule;

/// The operation that reads one's own account, opened.
const ME: &str = "/docs#/Me/get_me";
const STATUS: &str = ".live-responses-table .response-col_status";

async fn open(server: &TestServer, path: &str) -> Browser {
    let browser = Browser::start(DESKTOP).await;
    browser.open(&format!("{}{path}", server.url)).await;
    browser
}

async fn sign_in(browser: &Browser, user: &User) {
    browser.fill("#sign-in [name=login]", &user.login).await;
    browser.fill("#sign-in [name=password]", PASSWORD).await;
    browser.click("#submit").await;
}

async fn execute(browser: &Browser, status: &str) {
    // By script: what Swagger UI shows of the last response may still move the button away.
    let button = ".opblock.is-open button.execute";
    browser.find(button).await;
    browser.run("document.querySelector(arguments[0]).click()", vec![button.into()]).await;
    browser.shows(STATUS, status).await;
}

/// How often this operation was requested since the page was opened.
async fn requests(browser: &Browser, path: &str) -> u64 {
    let script = "return performance.getEntriesByType('resource')
        .filter((it) => it.name.endsWith(arguments[0])).length";
    browser.run(script, vec![path.into()]).await.as_u64().unwrap()
}

#[tokio::test]
async fn operations_are_tried_with_a_token_that_is_renewed_until_one_signs_out() {
    // Less than the margin before the expiry: each request needs a new one.
    let server = TestServer::with(&[("AUTH_TOKEN_SECONDS", "30")]).await;
    let user = server.register("ada").await;
    let browser = open(&server, ME).await;
    assert_eq!(browser.run("return document.title", vec![]).await, "auth-server API");
    execute(&browser, "401").await;
    sign_in(&browser, &user).await;
    browser.shows("#message", "Signed in as ada.").await;
    execute(&browser, "200").await;
    browser.shows(".live-responses-table", &user.id).await;
    assert_eq!(requests(&browser, "/auth/refresh").await, 1);
    execute(&browser, "200").await;
    let stored = browser.run("return JSON.stringify({ ...localStorage })", vec![]).await;
    assert_eq!(stored, json!("{}"), "no token outlives the page");
    browser.click("#sign-out").await;
    browser.shows("#message", "Signed out.").await;
    execute(&browser, "401").await;
    // Those of the registration and of this login: that of the page has ended.
    let sessions = server.log_in("ada").await.items("me/sessions").await;
    assert_eq!(sessions.len(), 2, "{sessions:?}");
}

#[tokio::test]
async fn wrong_credentials_are_told_and_a_second_factor_is_asked_for() {
    let server = TestServer::start().await;
    let user = server.register("ada").await;
    let (app, _) = server.enroll(&user).await;
    let browser = open(&server, ME).await;
    browser.fill("#sign-in [name=login]", "ada").await;
    browser.fill("#sign-in [name=password]", "another password").await;
    browser.click("#submit").await;
    browser.shows("#message", "password").await;
    sign_in(&browser, &user).await;
    browser.find(".code-step:not([hidden])").await;
    browser.fill("#sign-in [name=code]", "000000").await;
    browser.click("#submit").await;
    browser.shows("#message", "code").await;
    browser.fill("#sign-in [name=code]", &app.code_after(&server, 1)).await;
    browser.click("#submit").await;
    browser.shows("#message", "Signed in as ada.").await;
    execute(&browser, "200").await;
}

/// An admin at work, whose clicks are counted.
struct Journey {
    browser: Browser,
    clicks: u32,
}

impl Journey {
    async fn click(&mut self, css: &str) {
        self.browser.click(css).await;
        self.clicks += 1;
    }

    /// Opens an operation, fills in the fields and executes it. What is typed into an open field takes no click.
    async fn execute(&mut self, operation: &str, fields: &[(&str, &str)], status: &str) {
        let block = format!("#operations-{operation}");
        self.click(&format!("{block} .opblock-summary-control")).await;
        for (field, text) in fields {
            self.browser.fill(&format!("{block} {field}"), text).await;
        }
        self.click(&format!("{block} button.execute")).await;
        self.browser.shows(&format!("{block} {STATUS}"), status).await;
    }

    /// Asserts that the last response of an operation contains this.
    async fn responded(&self, operation: &str, text: &str) {
        self.browser.shows(&format!("#operations-{operation} .live-responses-table"), text).await;
    }
}

#[tokio::test]
async fn an_admin_finds_a_user_and_grants_and_revokes_a_role_in_fifteen_clicks() {
    let server = TestServer::start().await;
    let root = server.superuser().await;
    let ada = json!({ "login": "ada", "email": "ada@example.org", "password": PASSWORD });
    server.guest().post("auth/register", &ada).await.expect(201, "");
    server.register("bob").await;
    let mut admin = Journey { browser: open(&server, "/docs").await, clicks: 0 };
    admin.browser.fill("#sign-in [name=login]", &root.login).await;
    admin.browser.fill("#sign-in [name=password]", PASSWORD).await;
    admin.click("#submit").await;
    admin.browser.shows("#message", "Signed in as root.").await;
    let (body, role) = (".body-param__text", "tr[data-param-name=role] input");
    let critic = json!({ "name": "critic", "description": "Writes reviews." }).to_string();
    admin.execute("Roles-create_role", &[(body, &critic)], "201").await;
    let review = rule(50, "critic", "film:*", "review", "allow").to_string();
    admin.execute("Rules-create_rule", &[(body, &review)], "201").await;
    let email = [("tr[data-param-name=email] input", "ada@")];
    admin.execute("Users-search_users", &email, "200").await;
    admin.responded("Users-search_users", "\"ada\"").await;
    // The id of the user that was found is filled in.
    admin.execute("Users-grant_role", &[(role, "critic")], "200").await;
    admin.execute("Users-get_user_permissions", &[], "200").await;
    admin.responded("Users-get_user_permissions", "\"review\"").await;
    admin.execute("Users-revoke_role", &[(role, "critic")], "200").await;
    admin.execute("Audit-list_audit_records", &[], "200").await;
    for operation in ["revoke_role", "grant_role", "create_rule", "create_role"] {
        admin.responded("Audit-list_audit_records", &format!("\"{operation}\"")).await;
    }
    assert!(admin.clicks <= 15, "{} clicks", admin.clicks);
    assert_eq!(server.log_in("ada").await.get("me").await.ok()["roles"], json!([]));
}

#[tokio::test]
async fn the_address_of_the_server_leads_to_its_documentation() {
    let server = TestServer::start().await;
    let browser = open(&server, "/").await;
    browser.find("#sign-in").await;
    assert_eq!(browser.run("return location.pathname", vec![]).await, "/docs");
    browser.shows(".opblock-tag-section h3", "Auth").await;
    let groups = browser.texts(".opblock-tag-section h3 a").await;
    assert_eq!(groups[..4], ["Auth", "Roles", "Rules", "Policy"]);
}
