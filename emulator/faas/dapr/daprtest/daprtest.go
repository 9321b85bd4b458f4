// Package daprtest finds what tests drive Dapr's state API with: its JavaScript SDK.
package daprtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"testbed/emulator/internal/testenv"
)

// EnvDirectory names the directory of the SDK, where it is not the one that scripts/dapr-sdk installs it into.
const EnvDirectory = "TB_DAPR_SDK"

// version is the one that scripts/dapr-sdk installs.
const version = "3.18.0"

// SDK returns node's path and the SDK's, for NODE_PATH. Where one of them is missing, the test is skipped with the
// reason; under REQUIRE_PRIVILEGED=1 it fails where there is npm, for scripts/setup then installs the SDK.
func SDK(t testing.TB) (node, modules string) {
	t.Helper()
	if testing.Short() {
		t.Skip("-short: what is new in this test is in another program, which takes seconds to start")
	}
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("this test needs node and npm, and then `scripts/dapr-sdk`")
	}
	directory := os.Getenv(EnvDirectory)
	if directory == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip(err)
		}
		directory = filepath.Join(cache, "testbed", "dapr-sdk-"+version)
	}
	modules = filepath.Join(directory, "node_modules")
	if _, err := os.Stat(filepath.Join(modules, "@dapr", "dapr", "index.js")); err != nil {
		const why = "this test needs Dapr's JavaScript SDK, which `scripts/dapr-sdk` installs into the cache directory"
		if _, err := exec.LookPath("npm"); err != nil {
			t.Skip(why)
		}
		testenv.Missing(t, why)
	}
	return node, modules
}
