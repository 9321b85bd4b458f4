package run

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Times of events are under these names.
var (
	scheduledNames = []string{"scheduled_s", "scheduled_ns", "scheduled", "at_s", "at_ns", "at"}
	actualNames    = []string{"actual_s", "actual_ns", "actual", "executed_s", "executed_ns", "executed"}
)

// eventOf puts an event into words.
func eventOf(e map[string]any) Event {
	out := Event{Scheduled: take(e, scheduledNames), Actual: take(e, actualNames)}
	var what []string
	for _, name := range slices.Sorted(maps.Keys(e)) {
		if v := e[name]; v != nil && v != "" {
			what = append(what, fmt.Sprintf("%s %v", strings.ReplaceAll(name, "_", " "), v))
		}
	}
	out.What = strings.Join(what, ", ")
	return out
}

// take removes the first of the names and gives its value as text.
func take(e map[string]any, names []string) string {
	for _, name := range names {
		v, ok := e[name]
		if !ok {
			continue
		}
		delete(e, name)
		number, isNumber := v.(float64)
		switch {
		case isNumber && strings.HasSuffix(name, "_ns"):
			return time.Duration(number).String()
		case isNumber:
			return fmt.Sprintf("%.3f s", number)
		}
		return fmt.Sprint(v)
	}
	return ""
}
