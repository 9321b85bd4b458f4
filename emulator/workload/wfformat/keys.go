package wfformat

import (
	"bytes"
	"encoding/json"
	"fmt"

	"testbed/emulator/workload/rows"
)

// distinct fails where an object of a JSON text has a key twice: which of its values counts would be for the reader to
// guess. The text is sound.
func distinct(text []byte, name string) error {
	type object struct {
		keys  map[string]bool // nil: it is an array
		value bool            // a key was read, and its value is next
	}
	var open []object
	d := json.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return nil // the end, for the text is sound
		}
		inside := len(open) > 0 && open[len(open)-1].keys != nil
		if delim, ok := token.(json.Delim); ok && (delim == '}' || delim == ']') {
			open = open[:len(open)-1]
			continue
		}
		if inside {
			o := &open[len(open)-1]
			if key, ok := token.(string); ok && !o.value {
				if o.keys[key] {
					line := 1 + bytes.Count(text[:d.InputOffset()], []byte("\n"))
					return fmt.Errorf("%s:%d: the key %s is there twice", name, line, rows.Quote(key))
				}
				o.keys[key], o.value = true, true
				continue
			}
			o.value = false
		}
		switch token {
		case json.Delim('{'):
			open = append(open, object{keys: map[string]bool{}})
		case json.Delim('['):
			open = append(open, object{})
		}
	}
}
