package graph

import (
	"strings"
	"testing"
	"time"
)

// area is a rectangle.
type area struct{ left, top, right, bottom float64 }

func (a area) meets(b area) bool {
	return a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom
}

// areaOf is where a text is, or a box.
func areaOf(m *mark) area {
	at := m.path[0]
	if m.text == "" {
		a := area{at.x, at.y, at.x, at.y}
		for _, c := range m.path {
			a = area{min(a.left, c.x), min(a.top, c.y), max(a.right, c.x), max(a.bottom, c.y)}
		}
		return a
	}
	size := fontSize
	if m.small {
		size = smallSize
	}
	width := textWidth(m.text, size) * 0.9 // the estimate is generous
	if m.middle {
		at.x -= width / 2
	}
	return area{at.x, at.y - 0.7*size, at.x + width, at.y}
}

// No label of a line is covered by a box: a box hides what it is drawn over.
func TestNoLabelIsUnderABox(t *testing.T) {
	for _, name := range []string{"smoke", "events", "iiot", "urban-sensing", "fidelity"} {
		t.Run(name, func(t *testing.T) {
			top := load(t, name)
			for _, id := range top.Links() { // what is said of a link may be long
				for dir := range 2 {
					shape := &top.Vertices[id].Shape[dir]
					shape.Delay += time.Duration(dir) * 1234 * time.Microsecond
					shape.Jitter, shape.Loss, shape.Duplicate = 123*time.Microsecond, 0.0123, 0.0234
				}
			}
			s := Of(top).draw(Use{"access": 0.5})
			labels := 0
			for i := range s.marks {
				m := &s.marks[i]
				if m.role != "label" {
					continue
				}
				labels++
				for j := range s.marks {
					box := &s.marks[j]
					if strings.HasPrefix(box.role, "box") && box.group != m.group && areaOf(m).meets(areaOf(box)) {
						t.Errorf("%q at %v is under the box %q at %v", m.text, m.path[0], s.tips[box.group-1], areaOf(box))
					}
				}
			}
			if labels == 0 {
				t.Error("no labels")
			}
		})
	}
}
