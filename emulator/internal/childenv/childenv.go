// Package childenv keeps secrets of the environment out of other processes. A secret is taken out of this
// process's environment the first time it is asked for, so that no child inherits it whoever starts it, and
// from then on this process leaves no core file, which would hold the secret too.
package childenv

import (
	"os"
	"slices"
	"strings"
	"sync"
)

// The variables that hold secrets whatever a command line says: the token of the results' database, and its
// address, which may hold a user and a password.
const (
	InfluxToken = "INFLUX_TOKEN"
	InfluxURL   = "INFLUX_URL"
)

// taken are the secrets by variable.
var taken = struct {
	sync.Mutex
	values map[string]string
}{values: map[string]string{}}

// Secret is the value of a variable, empty where there is none. The variable is gone from the environment
// afterwards; asking again gives the same value.
func Secret(name string) string {
	taken.Lock()
	defer taken.Unlock()
	value, there := os.LookupEnv(name)
	if !there {
		return taken.values[name]
	}
	taken.values[name] = value
	_ = os.Unsetenv(name) // fails for names that cannot be in an environment
	if value != "" {
		NoCoreFiles()
	}
	return value
}

// Hide takes the variables that always hold secrets out of the environment.
func Hide() {
	Secret(InfluxToken)
	Secret(InfluxURL)
}

// Environ is the environment for a child that gets its user's, such as a command that the user runs in a
// node: this process's own without the secrets.
func Environ() []string {
	Hide()
	taken.Lock()
	defer taken.Unlock()
	return slices.DeleteFunc(os.Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		_, secret := taken.values[name]
		return secret
	})
}

// kept are the variables that Minimal passes on: what programs need to find others, to print and to keep
// temporary files, and what steers Go's runtime.
var kept = []string{
	"PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "TERM", "TZ", "TMPDIR",
	"GOMAXPROCS", "GOGC", "GOMEMLIMIT", "GODEBUG", "GOTRACEBACK", "GOCOVERDIR",
}

// Minimal is the environment for a child that has no business with its user's, such as a node: only what is
// known to be harmless and needed, and what more is named.
func Minimal(more ...string) []string {
	return slices.DeleteFunc(Environ(), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return !slices.Contains(kept, name) && !slices.Contains(more, name) && !strings.HasPrefix(name, "LC_")
	})
}
