// Package function runs a user's function: a program that listens for HTTP on loopback and answers POST / with its
// result. It starts and confines the program's instances, invokes them by the contract that Knative, OpenFaaS's
// of-watchdog and CloudEvents share, and leads their state requests to the invocation that they belong to.
package function

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"testbed/emulator/faas/dapr"
)

// ErrNotSupported is wrapped by errors about what this system cannot do for functions.
var ErrNotSupported = errors.New("not supported here")

// Program is a function as nodes are told of it. It is JSON on the control socket.
type Program struct {
	Name string `json:"name"` // of the function, at most 255 bytes

	Command []string `json:"command,omitempty"` // arguments, the program's name first; empty: Image has a command
	Path    string   `json:"path,omitempty"`    // of the executable, absolute
	Dir     string   `json:"dir,omitempty"`     // in which it runs, absolute
	Image   string   `json:"image,omitempty"`   // container image, whose own command runs
	Env     []string `json:"env,omitempty"`     // NAME=value

	Timeout   time.Duration `json:"timeout"`             // of a start, and of an invocation; above 0
	Memory    int64         `json:"memory,omitempty"`    // bytes that an instance may use; 0: no limit of its own
	Processes int           `json:"processes,omitempty"` // that an instance may have, with threads; 0: no limit
	UID       int           `json:"uid,omitempty"`       // user as whom it runs, not 0 where the agent is root
	GID       int           `json:"gid,omitempty"`       // group likewise
	Group     string        `json:"group,omitempty"`     // of control groups, in which each instance has one: a testbed's
	Hide      []string      `json:"hide,omitempty"`      // directories of which it sees nothing
	// Scaled says that instances start and end as each call says; otherwise there is one that is always warm.
	Scaled bool `json:"scaled,omitempty"`
	// Standby says that the one that is always warm starts when a stateful instance comes to the node, and not before.
	Standby bool `json:"standby,omitempty"`
	// Resident says that the one that is always warm ends when the last stateful instance that uses it has left the node.
	Resident bool `json:"resident,omitempty"`
}

// maxName is what a function's name may have, in bytes.
const maxName = 255

// Validate says what of the program is out of the ranges given with the members.
func (p *Program) Validate() error {
	switch {
	case p.Name == "" || len(p.Name) > maxName || strings.ContainsAny(p.Name, "\r\n/"):
		return fmt.Errorf("a function of the name %.50q", p.Name)
	case len(p.Command) == 0 && p.Image == "":
		return fmt.Errorf("function %s: neither a command nor an image", p.Name)
	case len(p.Command) > 0 && (!filepath.IsAbs(p.Path) || !filepath.IsAbs(p.Dir)):
		return fmt.Errorf("function %s: program %q in directory %q: the paths are not absolute", p.Name, p.Path, p.Dir)
	case p.Timeout <= 0:
		return fmt.Errorf("function %s: a timeout of %v", p.Name, p.Timeout)
	case p.Memory < 0 || p.Processes < 0 || p.UID < 0 || p.GID < 0:
		return fmt.Errorf("function %s: a limit or a user is negative", p.Name)
	case strings.ContainsAny(p.Group, "/\x00") || p.Group == "." || p.Group == "..":
		return fmt.Errorf("function %s: a control group %q", p.Name, p.Group)
	}
	if slices.ContainsFunc(slices.Concat(p.Command, p.Env, p.Hide), hasNUL) {
		return fmt.Errorf("function %s: its command or environment has a NUL", p.Name)
	}
	return nil
}

func hasNUL(s string) bool { return strings.Contains(s, "\x00") }

// at is where an instance listens, and where its states are.
type at struct {
	port, state int
	token       string // of the state API
}

// environ is an instance's whole environment: what programs expect, the contract, and the program's own, which comes
// last and so prevails.
func (p *Program) environ(a at) []string {
	env := []string{
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/tmp", "LANG=C.UTF-8",
	}
	return append(append(env, p.contract(a)...), p.Env...)
}

// contract are the variables that tell a program where it listens and where its states are: those of Knative (PORT,
// K_SERVICE) and of its middleware, which does not heed PORT (LISTEN_ADDRESS of that for Python and Go, FUNC_PORT of
// that for Node), of Dapr's SDKs, and of OpenFaaS's of-watchdog (port), under which a function's process listens
// elsewhere.
func (p *Program) contract(a at) []string {
	return []string{
		fmt.Sprintf("PORT=%d", a.port), fmt.Sprintf("port=%d", a.port), "K_SERVICE=" + p.Name, "FUNCTION_NAME=" + p.Name,
		fmt.Sprintf("LISTEN_ADDRESS=127.0.0.1:%d", a.port), fmt.Sprintf("FUNC_PORT=%d", a.port),
		fmt.Sprintf("DAPR_HTTP_PORT=%d", a.state), fmt.Sprintf("DAPR_HTTP_ENDPOINT=http://127.0.0.1:%d", a.state),
		dapr.TokenEnv + "=" + a.token,
	}
}
