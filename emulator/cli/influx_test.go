package cli

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"testbed/emulator/influx"
	"testbed/emulator/internal/childenv"
	"testbed/emulator/record"
)

// database keeps the headers and bodies of all that it is asked.
type database struct {
	*httptest.Server
	mu   sync.Mutex
	seen []string
}

func newDatabase(t *testing.T) *database {
	d := &database{}
	d.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d.mu.Lock()
		defer d.mu.Unlock()
		d.seen = append(d.seen, fmt.Sprint(r.URL, r.Header))
		if r.Method == http.MethodPost {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		fmt.Fprint(w, `{"status":"pass"}`)
	}))
	t.Cleanup(d.Close)
	return d
}

// requests are those since the last call.
func (d *database) requests() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	all := strings.Join(d.seen, "\n")
	d.seen = nil
	return all
}

var influxVariables = []string{influx.EnvURL, influx.EnvToken, influx.EnvOrg, influx.EnvBucket}

// withoutInflux empties the environment's variables about databases, for a test that sets some of them.
func withoutInflux(t *testing.T) {
	for _, name := range influxVariables {
		t.Setenv(name, "")
	}
}

// emptyInflux is withoutInflux for tests that run in parallel. They begin when those are done that set the variables.
func emptyInflux() {
	for _, name := range influxVariables {
		_ = os.Setenv(name, "")
	}
}

// runOf makes a run's directory whose manifest holds a scenario with this section about a database.
func runOf(t *testing.T, section string) string {
	t.Helper()
	d, err := record.MakeDirectory(t.TempDir(), record.RunName("planted", time.Now()))
	if err != nil {
		t.Fatal(err)
	}
	c := record.Chain{Tags: record.Tags{Run: d.Run(), Length: 1}, Time: time.Unix(1, 0)}
	m := &record.Manifest{Run: d.Run(), Scenario: []byte(`{"name":"x","influx":` + section + `}`)}
	err = errors.Join(d.Write(c, nil), d.Close(), m.Write(d.Path()))
	if err != nil {
		t.Fatal(err)
	}
	return d.Path()
}

const lab, stolen = "lab-t0ken", "aws-s3cret"

// TestRunDirectoriesDecideNoDestination: whatever a run's directory says, a request goes only where flag or
// environment say, and with the token that these name.
func TestRunDirectoriesDecideNoDestination(t *testing.T) {
	mine, strangers := newDatabase(t), newDatabase(t)
	sections := []string{
		fmt.Sprintf(`{"url":%q,"bucket":"b","token-env":"AWS_SECRET_ACCESS_KEY"}`, strangers.URL),
		fmt.Sprintf(`{"url":%q,"bucket":"b","token-env":"INFLUX_TOKEN"}`, strangers.URL),
		fmt.Sprintf(`{"url":%q,"bucket":"b"}`, strings.Replace(strangers.URL, "http://", "http://u:p@", 1)),
		`{"token-env":"AWS_SECRET_ACCESS_KEY","bucket":"b"}`,
	}
	for i, section := range sections {
		dir := runOf(t, section)
		withoutInflux(t)
		t.Setenv("AWS_SECRET_ACCESS_KEY", stolen)
		t.Setenv(influx.EnvToken, lab)
		got := invoke(t, "upload", dir)
		if got.code != ExitUsage || !strings.Contains(got.stderr, "INFLUX_URL") || strings.Contains(got.stderr, "u:p@") {
			t.Errorf("%d, nothing names a database: %+v", i, got)
		}
		t.Setenv(influx.EnvToken, lab)
		t.Setenv(influx.EnvURL, mine.URL)
		t.Setenv(influx.EnvBucket, "b")
		if got := invoke(t, "upload", dir); got.code != ExitOK {
			t.Errorf("%d, the environment names one: %+v", i, got)
		}
		seen := mine.requests()
		if !strings.Contains(seen, "Token "+lab) || strings.Contains(seen, stolen) {
			t.Errorf("%d: mine was asked\n%s", i, seen)
		}
		if seen := strangers.requests(); seen != "" {
			t.Errorf("%d: the stranger's was asked\n%s", i, seen)
		}
		for _, e := range []string{"manifest.json", "upload.json"} {
			if text, err := os.ReadFile(filepath.Join(dir, e)); err != nil || strings.Contains(string(text), lab) {
				t.Errorf("%s: %v\n%s", e, err, text)
			}
		}
	}
	// The flag confirms what the directory suggests.
	withoutInflux(t)
	t.Setenv(influx.EnvToken, lab)
	if got := invoke(t, "upload", "--url", strangers.URL, runOf(t, sections[1])); got.code != ExitOK {
		t.Errorf("confirmed: %+v", got)
	}
	if seen := strangers.requests(); !strings.Contains(seen, "Token "+lab) || !strings.Contains(seen, "bucket=b") {
		t.Errorf("confirmed: %s", seen)
	}
}

func TestTokensComeFromWhereFlagsSay(t *testing.T) {
	mine, dir := newDatabase(t), runOf(t, `{"bucket":"b"}`)
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(" file-t0ken\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		flags []string
		want  string // empty: refused
	}{
		{nil, lab},
		{[]string{"--influx-token-env", "LAB_TOKEN"}, "other-t0ken"}, {[]string{"--influx-token-file", file}, "file-t0ken"},
		{[]string{"--influx-token-env", "NOT-SET-s3cret"}, ""}, {[]string{"--influx-token-file", filepath.Dir(file)}, ""},
		{[]string{"--influx-token-file", file + "x"}, ""}, {[]string{"--influx-token-file", os.DevNull}, ""},
		{[]string{"--influx-token-file", file, "--influx-token-env", "LAB_TOKEN"}, ""}, {[]string{"--token", "s3cret"}, ""},
		{[]string{"--influx-url", "http://u:s3cret@127.0.0.1:1"}, ""},
	} {
		withoutInflux(t)
		t.Setenv(influx.EnvURL, mine.URL)
		t.Setenv(influx.EnvToken, lab)
		t.Setenv("LAB_TOKEN", "other-t0ken")
		got := invoke(t, append([]string{"upload", "--all", dir}, c.flags...)...)
		seen := mine.requests()
		if c.want == "" && (got.code != ExitUsage || seen != "" || strings.Contains(got.stderr, "s3cret")) ||
			c.want != "" && (got.code != ExitOK || !strings.Contains(seen, "Token "+c.want)) {
			t.Errorf("%v: %+v, asked %q", c.flags, got, seen)
		}
		for _, variable := range childenv.Environ() {
			if strings.Contains(variable, lab) || c.want == "other-t0ken" && strings.Contains(variable, c.want) {
				t.Errorf("%v: a child would have %s", c.flags, variable)
			}
		}
	}
}

// TestScenariosDecideNoDestination: `run` and `replay` go by flag and environment, and say what they leave out.
func TestScenariosDecideNoDestination(t *testing.T) {
	strangers := newDatabase(t)
	text, err := os.ReadFile(scenarioFile("smoke.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "s.yaml")
	write := func(influx string) {
		if err := os.WriteFile(path, fmt.Appendf(nil, "%s\ninflux: %s\n", text, influx), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	withoutInflux(t)
	t.Setenv(influx.EnvToken, lab)
	write("{url: '" + strangers.URL + "', bucket: b}")
	got := invoke(t, "run", "--dry-run", path)
	if got.code != ExitOK || !strings.Contains(got.stderr, "note: only the scenario names a database") {
		t.Errorf("%+v", got)
	}
	for _, args := range [][]string{
		{"--influx-required"}, {"--influx-token-env", "NONE"}, {"--influx-url", "localhost:1"},
	} {
		if got := invoke(t, append([]string{"run", "--dry-run", path}, args...)...); got.code != ExitUsage {
			t.Errorf("%v: %+v", args, got)
		}
	}
	write("{url: '" + strangers.URL + "', bucket: b, required: true}")
	if got := invoke(t, "run", "--dry-run", path); got.code != ExitUsage || !strings.Contains(got.stderr, "--influx-url") {
		t.Errorf("%+v", got)
	}
	got = invoke(t, "run", "--dry-run", path, "--influx-url", strangers.URL)
	if got.code != ExitOK || strings.Contains(got.stderr, "note: only") {
		t.Errorf("confirmed: %+v", got)
	}
	write("{url: '" + strangers.URL + "', bucket: b, token-env: AWS_SECRET_ACCESS_KEY}")
	if got := invoke(t, "validate", path); got.code != ExitUsage || !strings.Contains(got.stderr, "--influx-token-env") {
		t.Errorf("%+v", got)
	}
	if seen := strangers.requests(); seen != "" {
		t.Errorf("a dry run asked\n%s", seen)
	}
}

// TestSecretsLeaveTheEnvironmentAtTheStart: whatever a command starts, and however, inherits none.
func TestSecretsLeaveTheEnvironmentAtTheStart(t *testing.T) {
	withoutInflux(t)
	t.Setenv(influx.EnvToken, lab)
	t.Setenv(influx.EnvURL, "http://u:"+stolen+"@h")
	NewState("test")
	for _, variable := range os.Environ() {
		if strings.Contains(variable, lab) || strings.Contains(variable, stolen) {
			t.Errorf("a child would have %s", variable)
		}
	}
}
