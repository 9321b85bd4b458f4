package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"testbed/emulator/doctor"
)

// The exit code says whether the main job can run; both forms of the output say the same.
func TestDoctor(t *testing.T) {
	got := invoke(t, "doctor", "--format", "json")
	var d doctor.Diagnosis
	if err := json.Unmarshal([]byte(got.stdout), &d); err != nil {
		t.Fatalf("%v in:\n%s%s", err, got.stdout, got.stderr)
	}
	want := ExitUnsupported
	if d.Ready {
		want = ExitOK
	}
	if got.code != want {
		t.Errorf("exit %d with ready %v", got.code, d.Ready)
	}
	shown := invoke(t, "doctor")
	for _, c := range d.Capabilities {
		if !strings.Contains(shown.stdout, c.Name) {
			t.Errorf("the table does not show %q:\n%s", c.Name, shown.stdout)
		}
	}
	if shown.code != want || !strings.Contains(shown.stdout, "auto takes: runtime "+orNone(d.Runtime)) {
		t.Errorf("exit %d:\n%s", shown.code, shown.stdout)
	}
	if bad := invoke(t, "doctor", "now"); bad.code != ExitUsage {
		t.Errorf("an argument: exit %d", bad.code)
	}
}
