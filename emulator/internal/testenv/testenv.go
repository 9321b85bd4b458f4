// Package testenv tells tests what the host offers. What is missing skips a test with the reason, or
// fails it under REQUIRE_PRIVILEGED=1, which CI sets.
package testenv

import (
	"os"
	"runtime"
	"testing"
)

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
	if os.Geteuid() != 0 {
		Missing(t, "this test makes network namespaces and needs root: run it with sudo")
	}
}
