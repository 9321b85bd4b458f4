package function_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"testbed/emulator/faas/function"
	"testbed/emulator/internal/testenv"
)

// frameworks is the directory into which scripts/frameworks installs by itself.
const frameworks = "frameworks-1"

// framework is a function that was written with a framework of somebody else's, and what its users start it by.
type framework struct {
	name string
	has  string // in the directory of frameworks: a language's packages, or the program
	// needs is with what scripts/frameworks installs that, where the machine has it.
	needs   []string
	command []string
	env     []string
	// event says that it is called with an event, and answers only that it was: what it has seen is the state seen.
	event bool
}

var (
	pip = []string{"/usr/bin/python3", "-m", "pip", "--version"}
	npm = []string{"npm", "--version"}
)

// written are the functions in testdata/frameworks.
func written(upstream int) []framework {
	google := []string{"python3", "-m", "functions_framework", "--target=hello"}
	node := []string{"node", "node_modules/@google-cloud/functions-framework/build/src/main.js", "--source=google.js"}
	address := fmt.Sprintf("upstream_url=http://127.0.0.1:%d", upstream)
	return []framework{
		{name: "functions-framework for Python", has: "python", needs: pip, command: google},
		{name: "functions-framework for Python, events", has: "python", needs: pip, event: true,
			command: append(google[:3:3], "--target=event", "--signature-type=cloudevent")},
		{name: "Knative's func for Python", has: "python", needs: pip, command: []string{"python3", "knative_http.py"}},
		{name: "Knative's func for Python, events", has: "python", needs: pip,
			command: []string{"python3", "knative_event.py"}},
		{name: "functions-framework for Node", has: "node_modules", needs: npm, command: append(node, "--target=hello")},
		{name: "functions-framework for Node, events", has: "node_modules", needs: npm, event: true,
			command: append(node[:3:3], "--target=event", "--signature-type=cloudevent")},
		{name: "Knative's func for Node", has: "node_modules", needs: npm,
			command: []string{"node", "node_modules/faas-js-runtime/bin/cli.js", "knative.js"}},
		{name: "functions-framework for Go", has: "go-function", command: []string{"go-function"},
			env: []string{"FUNCTION_TARGET=hello"}},
		{name: "OpenFaaS's Flask", has: "python", needs: pip, command: []string{"function"},
			env: []string{"mode=http", "fprocess=/usr/bin/python3 openfaas.py", address}},
		{name: "OpenFaaS's Express", has: "node_modules", needs: npm, command: []string{"function"},
			env: []string{"mode=http", "fprocess=node openfaas.js", address}},
	}
}

// TestFrameworks: functions that were written with Google's, Knative's and OpenFaaS's own frameworks run as they are,
// and their state requests reach the invocation. of-watchdog itself is not to be had as a module: its rules are those
// of watchdog.
func TestFrameworks(t *testing.T) {
	testenv.Privileged(t)
	dir, have := installed(t)
	for at, f := range written(24000 + os.Getpid()%1000) {
		t.Run(f.name, func(t *testing.T) {
			if !slices.Contains(have, f.has) {
				missingFramework(t, f)
			}
			t.Cleanup(func() { nothingLeft(t) })
			p := program(t, "of-watchdog")
			p.Env = append(p.Env, f.env...)
			p.Env = append(p.Env, "PYTHONPATH="+filepath.Join(dir, "packages"), "PYTHONUNBUFFERED=1")
			if f.command[0] != "function" {
				p.Path = executable(t, dir, f.command[0])
			}
			p.Command, p.Dir = f.command, dir
			p.Memory, p.Processes, p.Timeout = 512<<20, 256, testenv.Patience
			i := started(t, &function.Launcher{Node: "n", Log: io.Discard}, p)
			inv := request("hello")
			inv.ID, inv.State = fmt.Sprint("run/m/0/", at), session(t, `"v"`)
			got, err := i.Invoke(t.Context(), inv)
			seen := string(got)
			if f.event && err == nil {
				value, _, _ := inv.State.Close()[0].Get("seen")
				err = json.Unmarshal(value, &seen)
			}
			if want := "testbed.invocation " + inv.ID + ` "v" hello`; err != nil || seen != want {
				t.Errorf("%q, %v; want %q", seen, err, want)
			}
		})
	}
}

// missingFramework skips a test, or fails it where CI demands all privileges and scripts/setup could have installed
// what is missing.
func missingFramework(t *testing.T, f framework) {
	t.Helper()
	why := "this test needs what `scripts/frameworks` installs into the cache directory: " + f.has
	if len(f.needs) > 0 && exec.Command(f.needs[0], f.needs[1:]...).Run() != nil {
		t.Skip(why + ", for which it needs " + strings.Join(f.needs, " "))
	}
	testenv.Missing(t, why)
}

// installed copies the functions and what of frameworks is installed to where everybody may execute it, and returns
// the directory and what is there.
func installed(t *testing.T) (dir string, have []string) {
	t.Helper()
	from := os.Getenv("TB_FRAMEWORKS")
	if from == "" {
		cache, err := os.UserCacheDir()
		if err != nil {
			t.Skip(err)
		}
		from = filepath.Join(cache, "testbed", frameworks)
	}
	dir = t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	script := "cp -r testdata/frameworks/python/. testdata/frameworks/node/. " + dir
	for what, to := range map[string]string{
		"python": "packages", "node_modules": "node_modules", "go-function": "go-function",
	} {
		if path := filepath.Join(from, what); exec.Command("test", "-e", path).Run() == nil {
			have = append(have, what)
			script += fmt.Sprintf(" && cp -r '%s' '%s'", path, filepath.Join(dir, to))
		}
	}
	script += " && chmod -R a+rX " + dir
	if text, err := exec.Command("sh", "-c", script).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	return dir, have
}

// executable is the path of a program that everybody may execute.
func executable(t *testing.T, dir, name string) string {
	t.Helper()
	for _, path := range []string{filepath.Join(dir, name), "/usr/bin/" + name, "/usr/local/bin/" + name} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	t.Skip("this test needs " + name)
	return ""
}
