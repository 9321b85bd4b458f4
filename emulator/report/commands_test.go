package report

import (
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"testbed/emulator/internal/builtin"
	"testbed/emulator/internal/printable"
	"testbed/emulator/record"
	"testbed/emulator/report/run"
)

// hostileTexts are what a manifest may say in the place of a version, a file or a runtime.
var hostileTexts = []string{"scenario.yaml; curl x|sh #", "$(touch OWNED)", "`touch OWNED`", "a'; touch OWNED; '",
	"x\ntouch OWNED\n", "\x1b]0;x\a\u009b\u202e", "-f", "--all; touch OWNED", "\xff"}

var commandsOf = regexp.MustCompile(`(?s)<h3>Commands</h3><pre tabindex="0">(.*?)</pre>`)

// The page's commands, copied into a shell, run nothing but git, make and testbed, whatever the manifest says.
func TestCommandsAreQuoted(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	dir := generate(t, 8)
	for _, text := range hostileTexts {
		m, err := record.ReadManifest(dir)
		if err != nil {
			t.Fatal(err)
		}
		m.Version, m.File, m.Runtime, m.Fabric = text, text, text, text
		if err := m.Write(dir); err != nil {
			t.Fatal(err)
		}
		page, _, _ := everything(dir)
		found := commandsOf.FindStringSubmatch(page)
		if found == nil {
			t.Fatal("the page has no commands")
		}
		commands := html.UnescapeString(found[1])
		if printable.Text(commands) != commands || printable.Text(page) != page {
			t.Errorf("%q: a terminal would act on what is copied: %q", text, commands)
		}
		copied := t.TempDir()
		// As an interactive shell may, this one does not know comments. It finds no programs, and says which it misses.
		shell := exec.Command(bash, "-c",
			"git() { :; }; make() { :; }; sudo() { :; }; "+strings.ReplaceAll(strings.ReplaceAll(commands, "\n# ", "\n\\# "),
				"(JSON is YAML)", ""))
		shell.Dir, shell.Env = copied, []string{"PATH=" + copied}
		out, _ := shell.CombinedOutput()
		left, err := os.ReadDir(copied)
		if err != nil || len(left) > 0 || strings.Contains(string(out), "curl") || strings.Contains(string(out), "touch") {
			t.Errorf("%q is run: %v %s\n%s", text, left, out, commands)
		}
		if !regexp.MustCompile(`(?m)^sudo bin/testbed run --runtime=`).MatchString(commands) || strings.Contains(commands,
			"git checkout -") {
			t.Errorf("%q: %s", text, commands)
		}
	}
}

var plainName = regexp.MustCompile(`^[0-9A-Za-z_-]+$`)

// An engine's name does not choose where its figures are written.
func TestEngineNamesStayInTheirDirectory(t *testing.T) {
	dir := generate(t, 8)
	path := filepath.Join(dir, run.PredictionFile)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, engine := range []string{"../../../OWNED", "a/b", "x\x1b", ".", "-", "con\u202e"} {
		changed := strings.ReplaceAll(string(text), "statesim,", engine+",")
		if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
			t.Fatal(err)
		}
		r, err := run.Read(dir, builtin.Catalogue())
		if err != nil || len(r.Engines) != 2 {
			t.Fatalf("%q: %v, %v", engine, r.Engines, err)
		}
		for _, d := range draw(r).files {
			if name := d.File(); !plainName.MatchString(name) {
				t.Errorf("%q: a figure is called %q", engine, name)
			}
		}
	}
}
