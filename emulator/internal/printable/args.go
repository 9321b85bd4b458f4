package printable

import (
	"fmt"
	"reflect"
)

// Args makes texts among a format's arguments fit for one line, in place: strings, errors, and lists of
// strings, so that no name can begin a line of its own.
func Args(args []any) {
	for i, a := range args {
		switch v := a.(type) {
		case string:
			args[i] = Line(v)
		case error:
			args[i] = Line(v.Error())
		case []string:
			lines := make([]string, len(v))
			for k, s := range v {
				lines[k] = Line(s)
			}
			args[i] = lines
		default:
			if _, prints := a.(fmt.Stringer); !prints && reflect.ValueOf(a).Kind() == reflect.String {
				args[i] = Line(reflect.ValueOf(a).String())
			}
		}
	}
}

// Cell is a table's cell as text on one line.
func Cell(value any) string {
	if s, ok := value.(string); ok {
		return Line(s)
	}
	return Line(fmt.Sprint(value))
}
