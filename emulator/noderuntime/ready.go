package noderuntime

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ReadyEnv is the environment variable by which a runtime tells a node's first process where it wants to
// hear that it is ready: "fd:3" for an inherited file descriptor, "file:/run/x" for a file that is to
// appear. Either gets the host's name and a newline.
const ReadyEnv = "TB_READY"

// ErrReadyEnv is wrapped by errors about a ReadyEnv that cannot be understood.
var ErrReadyEnv = errors.New(ReadyEnv + " is neither fd:NUMBER nor file:PATH")

// Ready says to the runtime that this process is ready. It does so once: a repeated call, and one in a
// process that no runtime started, does nothing.
func Ready() error {
	where, ok := os.LookupEnv(ReadyEnv)
	if !ok {
		return nil
	}
	if err := os.Unsetenv(ReadyEnv); err != nil {
		return err
	}
	name, err := os.Hostname()
	if err != nil {
		return fmt.Errorf("saying that the node is ready: %w", err)
	}
	if err := announce(where, []byte(name+"\n")); err != nil {
		return fmt.Errorf("saying that node %s is ready: %w", name, err)
	}
	return nil
}

// announce writes text in one piece: many nodes may share a pipe, and a reader of a file must not see half of it.
func announce(where string, text []byte) error {
	kind, place, _ := strings.Cut(where, ":")
	switch kind {
	case "fd":
		number, err := strconv.ParseUint(place, 10, 31)
		if err != nil {
			return fmt.Errorf("%q: %w", where, ErrReadyEnv)
		}
		pipe := os.NewFile(uintptr(number), "ready")
		_, err = pipe.Write(text)
		return errors.Join(err, pipe.Close())
	case "file":
		temporary := place + ".new"
		if err := os.WriteFile(temporary, text, 0o644); err != nil {
			return err
		}
		return os.Rename(temporary, place)
	}
	return fmt.Errorf("%q: %w", where, ErrReadyEnv)
}
