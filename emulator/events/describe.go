package events

import (
	"fmt"
	"strings"

	"testbed/emulator/scenario"
)

// describe says in words what an event does, and what its end does.
func describe(e *scenario.Event) (begin, end string) {
	subject := "link " + list(e.Link)
	if len(e.Node) > 0 {
		subject = "node " + list(e.Node)
	}
	switch {
	case e.Set != nil:
		begin = subject + " set " + strings.Join(e.Set.Args(), " ")
		end = "end of: " + begin
	case e.Reset:
		begin = subject + " reset"
	case e.Down:
		begin, end = subject+" down", subject+" up"
	case e.Flap != nil:
		begin, end = subject+" down (flap)", subject+" up (flap)"
	case e.Up:
		begin = subject + " up"
	case len(e.Partition) > 0:
		groups := make([]string, len(e.Partition))
		for i, g := range e.Partition {
			groups[i] = list(g)
		}
		begin = "partition " + strings.Join(groups, " | ")
		end = "end of: " + begin
	}
	return begin, end
}

// list joins names, five at most.
func list(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
}
