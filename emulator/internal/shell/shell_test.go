package shell

import (
	"os/exec"
	"strings"
	"testing"

	"testbed/emulator/internal/printable"
)

var words = []string{"", "plain", "results/iiot-1", "x; curl x|sh #", "$(id)", "`id`", `"quoted"`, "it's",
	`back\slash`, "a b", "*?[a]~", "~root", "!!", "=ls",
	"new\nline", "tab\t", "\x1b]0;owned\a'\\", "bidi \u202e", "\u009b", "\xff\xfe", "Spår", "-n", "a'$(id)'b\n", "{a,b}",
	"#x", "a=b", "%1"}

// Every word comes back from a shell as it was, and what a terminal acts on is not in it.
func TestQuoteSurvivesTheShell(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip(err)
	}
	for _, word := range words {
		quoted := Quote(word)
		if printable.Line(quoted) != quoted {
			t.Errorf("%q is %q", word, quoted)
		}
		out, err := exec.Command(bash, "-c", "printf '%s' "+quoted).Output()
		if err != nil || string(out) != word {
			t.Errorf("%q as %s is %q: %v", word, quoted, out, err)
		}
	}
	for word, want := range map[string]string{"a/b-1.c": "a/b-1.c", "a b": "'a b'", "it's": `'it'\''s'`, "-x": "-x"} {
		if got := Quote(word); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if got := Path("-rf x"); got != "'./-rf x'" || !strings.HasPrefix(Path("-a"), "./") {
		t.Errorf("a path that looks like an option: %s", got)
	}
}
