package report

import (
	"fmt"

	"testbed/emulator/internal/lazy"
)

// inFileNames are the words that a file's name may have in it as they are.
var inFileNames = lazy.Regexp(`^[0-9A-Za-z][0-9A-Za-z_-]{0,40}$`)

// fileWord is an engine's name for a figure's file: a prediction may be of any engine, and its name must not
// lead to another directory. One that could is known by its number.
func fileWord(engine string, number int) string {
	if inFileNames().MatchString(engine) {
		return engine
	}
	return fmt.Sprintf("engine-%d", number)
}
