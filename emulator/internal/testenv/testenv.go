// Package testenv tells tests what the host offers. What is missing skips a test with the reason, or
// fails it under REQUIRE_PRIVILEGED=1, which CI sets.
package testenv

import (
	"os"
	"runtime"
	"testing"
)

// Unprivileged is the variable that has tests which need root, or a Docker engine, skipped although it is there: under
// the race detector those mean nothing that measure a network or run their own binary, which must be static, as nodes.
const Unprivileged = "TB_UNPRIVILEGED"

// Missing skips the test with the reason, or fails it where CI demands all privileges.
func Missing(t testing.TB, reason string) {
	t.Helper()
	if os.Getenv("REQUIRE_PRIVILEGED") == "1" {
		t.Fatalf("REQUIRE_PRIVILEGED=1, but %s", reason)
	}
	t.Skip(reason)
}

// Privileged skips the test unless it runs as root on Linux.
func Privileged(t testing.TB) {
	t.Helper()
	if runtime.GOOS != "linux" {
		Missing(t, "network namespaces need Linux")
	}
	if os.Getenv(Unprivileged) == "1" {
		Missing(t, Unprivileged+"=1: what needs privileges is left out")
	}
	if os.Geteuid() != 0 {
		Missing(t, "this test makes network namespaces and needs root: run it with sudo")
	}
}
