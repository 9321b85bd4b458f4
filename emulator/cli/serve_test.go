package cli

import (
	"encoding/json"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"testbed/emulator/internal/testenv"
	"testbed/emulator/live"
	"testbed/emulator/live/web"
)

var servedAt = regexp.MustCompile(`http://[^/]+`)

// served is what a path of the page answers.
func served(t *testing.T, base, path string) string {
	t.Helper()
	response, err := http.Get(base + path)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v: %s", path, response.Status, err, text)
	}
	return string(text)
}

// shown waits until the page says of the testbed what is to be seen.
func shown(t *testing.T, base string, so func(web.Testbed) bool) (last web.Testbed) {
	t.Helper()
	if !testenv.Holds(func() bool {
		last = web.Testbed{}
		if err := json.Unmarshal([]byte(served(t, base, "/api/testbed")), &last); err != nil {
			t.Fatal(err)
		}
		return so(last)
	}) {
		t.Fatalf("the page goes on to say %+v", last)
	}
	return last
}

// The page shows what is in force, not what the scenario says, and what was seen last once the testbed is down.
func TestServeShowsWhatIsInForce(t *testing.T) {
	t.Parallel()
	l := newBench(t).up()
	page := l.start("serve", "--listen", "127.0.0.1:0")
	l.until(page, func() bool { return servedAt.MatchString(page.stdout.String()) })
	base := servedAt.FindString(page.stdout.String())
	first := shown(t, base, func(now web.Testbed) bool { return now.Up })
	if drawing := served(t, base, "/topology.svg"); !strings.Contains(drawing, "50 Mbps") {
		t.Errorf("the drawing: %s", drawing)
	}
	if status := served(t, base, "/api/status"); strings.TrimSpace(status) != "null" {
		t.Errorf("a run before there is one: %s", status)
	}
	l.want(ExitOK, "", "link", "set", "wifi", "rate=13Mbps")
	l.want(ExitOK, "", "link", "down", "lan1")
	now := shown(t, base, func(now web.Testbed) bool { return now.Drawing != first.Drawing && len(now.Down) > 0 })
	drawing := served(t, base, "/topology.svg")
	if now.Down[0] != "lan1" || !strings.Contains(drawing, "13 Mbps") || strings.Contains(drawing, "50 Mbps") {
		t.Errorf("after link set and down: %+v, %s", now, drawing)
	}
	l.want(ExitOK, "", "link", "up", "lan1")
	l.want(ExitOK, "", "replay", "-o", l.results(), "--report=false")
	_, m := l.onlyRun()
	ended := func() (run live.Status) {
		if err := json.Unmarshal([]byte(served(t, base, "/api/status")), &run); err != nil {
			t.Fatal(err)
		}
		return run
	}
	l.until(page, func() bool { return ended().Ended })
	l.Kill("tiny", "nuc")
	shown(t, base, func(now web.Testbed) bool {
		return strings.Contains(strings.Join(now.Problems, " "), "node nuc is dead")
	})
	l.want(ExitOK, "", "down")
	gone := shown(t, base, func(now web.Testbed) bool { return !now.Up })
	if gone.Message != "the testbed tiny is down" {
		t.Errorf("after down: %+v", gone)
	}
	if run := ended(); run.Run != m.Run || run.Done != run.Total {
		t.Errorf("the finished run is gone: %+v", run)
	}
	if drawing := served(t, base, "/topology.svg"); !strings.Contains(drawing, "13 Mbps") {
		t.Errorf("the drawing is gone: %s", drawing)
	}
	if links := served(t, base, "/api/links"); strings.TrimSpace(links) != "[]" {
		t.Errorf("links of a testbed that is down: %s", links)
	}
	l.up()
	page.interrupt()
	if got := l.end(page); got.code != ExitOK || got.stderr != "" {
		t.Errorf("Ctrl-C: exit %d: %s", got.code, got.stderr)
	}
}

func TestServeThatCannotBegin(t *testing.T) {
	l := newBench(t)
	l.want(ExitFailure, "no testbed", "serve")
	l.up()
	l.want(ExitFailure, "choose another with --listen", "serve", "--listen", "192.0.2.1:80")
}

// A page goes on to say that the testbed is down where another one of its name has come up.
func TestServeTellsTestbedsOfOneNameApart(t *testing.T) {
	l := newBench(t).up()
	page := l.start("serve", "--listen", "127.0.0.1:0")
	l.until(page, func() bool { return servedAt.MatchString(page.stdout.String()) })
	base := servedAt.FindString(page.stdout.String())
	l.want(ExitOK, "", "down")
	l.up()
	gone := shown(t, base, func(now web.Testbed) bool { return !now.Up && strings.Contains(now.Message, "another") })
	if gone.Name != "tiny" {
		t.Errorf("%+v", gone)
	}
	page.interrupt()
	l.end(page)
}
