//go:build tools

// Package main names the provider that tests/field/zitadel.rs builds: the example server of zitadel/oidc.
package main

import _ "github.com/zitadel/oidc/v3/example/server/exampleop"
