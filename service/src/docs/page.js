// The page at /docs. A user who signs in on it works with a fresh access token as long as the session lasts. The tokens are
// kept by this page alone: another tab, or the page after a reload, does not have them.
"use strict";

const form = document.getElementById("sign-in");
const message = document.getElementById("message");
const signOutButton = document.getElementById("sign-out");
const operations = document.body.dataset.signIn;

// Milliseconds before its expiry at which an access token is replaced.
const MARGIN = 30_000;

let session = null;
let challenge = null;
let renewal = null;

const ui = SwaggerUIBundle({
    dom_id: "#ui",
    url: "openapi.json",
    deepLinking: true,
    docExpansion: "list",
    filter: true,
    tryItOutEnabled: true,
    persistAuthorization: true,
    defaultModelsExpandDepth: 0,
    requestInterceptor: withFreshToken,
    responseInterceptor: fillParameters,
});

// What was found or written last fills in the parameters of the operations on it: the `id` of a user whom a search has
// found need not be copied in order to grant a role.
function fillParameters(response) {
    const found = response.ok ? theOnly(response.body) : null;
    if (found === null) {
        return response;
    }
    const { pathname } = new URL(response.url, location.href);
    const parent = pathname.replace(/\/[^/]*$/, "");
    for (const { path, method } of ui.specSelectors.operations().toJS()) {
        const [, collection, name] = /^(.*?)\/\{(\w+)\}/.exec(path) ?? [];
        if (name in found && [pathname, parent].some((it) => it.endsWith(collection))) {
            ui.specActions.changeParam([path, method], name, "path", String(found[name]), false);
        }
    }
    return response;
}

// What a response is about, if it is one thing.
function theOnly(body) {
    const items = body?.items ?? [body];
    return items.length === 1 && items[0] instanceof Object ? items[0] : null;
}

async function withFreshToken(request) {
    if (session !== null && request.headers.Authorization === `Bearer ${session.shown}`) {
        request.headers.Authorization = `Bearer ${await freshToken()}`;
    }
    return request;
}

async function freshToken() {
    if (Date.now() < session.renewAt) {
        return session.accessToken;
    }
    // Requests at the same time share a renewal: a refresh token is valid once.
    renewal ??= renew().finally(() => { renewal = null; });
    await renewal;
    return session?.accessToken;
}

async function renew() {
    const { response, body } = await post("refresh", { refresh_token: session.refreshToken });
    if (response.ok) {
        keep(body);
    } else if (response.status < 500) {
        forget("Your session has ended; sign in again.");
    }
}

function keep(tokens) {
    session = {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        renewAt: Date.now() + Math.max(tokens.expires_in * 1000 - MARGIN, 0),
        // What Swagger UI sends, and is replaced.
        shown: session?.shown ?? tokens.access_token,
    };
}

function forget(text) {
    session = null;
    ui.authActions.logout(["bearer"]);
    show("password", text);
}

async function post(operation, body, headers = {}) {
    const response = await fetch(`${operations}/${operation}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", ...headers },
        body: body === null ? undefined : JSON.stringify(body),
    });
    return { response, body: await response.json().catch(() => ({})) };
}

async function signIn() {
    const fields = form.elements;
    const { response, body } = challenge === null
        ? await post("login", { login: fields.login.value, password: fields.password.value })
        : await post("login/second-factor", { challenge, code: fields.code.value });
    fields.password.value = "";
    fields.code.value = "";
    if (!response.ok) {
        challenge = body.code === "challenge_invalid" ? null : challenge;
        show(challenge === null ? "password" : "code", body.detail ?? body.title ?? `Failed with status ${response.status}.`);
    } else if (body.mfa_required) {
        challenge = body.challenge;
        show("code", "");
    } else {
        challenge = null;
        keep(body);
        ui.preauthorizeApiKey("bearer", session.shown);
        show("signed-in", `Signed in as ${fields.login.value}.`);
    }
}

async function signOut() {
    await post("logout", null, { Authorization: `Bearer ${await freshToken()}` });
    forget("Signed out.");
}

// Shows one step of signing in.
function show(step, text) {
    for (const element of form.querySelectorAll(".password-step")) {
        element.hidden = step !== "password";
    }
    form.querySelector(".code-step").hidden = step !== "code";
    form.elements.login.required = form.elements.password.required = step === "password";
    document.getElementById("submit").hidden = step === "signed-in";
    signOutButton.hidden = step !== "signed-in";
    message.textContent = text;
}

async function attempt(action) {
    try {
        await action();
    } catch {
        message.textContent = "The server did not respond; try again.";
    }
}

if (operations) {
    form.hidden = false;
    form.addEventListener("submit", (event) => {
        event.preventDefault();
        attempt(signIn);
    });
    signOutButton.addEventListener("click", () => attempt(signOut));
}
