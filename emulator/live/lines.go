package live

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"testbed/emulator/internal/printable"
)

// Lines is the status as lines of at most width characters, for a terminal.
func (s *Status) Lines(width int) []string {
	head := fmt.Sprintf("%s: %s", s.Testbed, s.Phase)
	if s.Total > 0 && s.Done > 0 {
		head = fmt.Sprintf("%s: %d of %s, %.1f/s, %d failed, %s",
			s.Testbed, s.Done, printable.Count(s.Total, "chain"), s.Rate, s.Failed, clock(s.Updated.Sub(s.Began)))
		if left := s.Remaining(); left > 0 {
			head += ", about " + clock(left) + " to go"
		}
	}
	lines := []string{head}
	for _, m := range s.Models {
		line := fmt.Sprintf("  %-16s %5d/%-5d", m.Model, m.Done, m.Planned)
		if m.Median > 0 {
			line += fmt.Sprintf("  median %9.1f ms  p95 %9.1f ms", 1e3*m.Median, 1e3*m.P95)
		}
		if m.Starts > 0 {
			line += fmt.Sprintf("  %s", printable.Count(m.Starts, "cold start"))
		}
		if m.Failed > 0 {
			line += fmt.Sprintf("  %d failed", m.Failed)
		}
		lines = append(lines, line)
	}
	if used := usedLinks(s.Links); used != "" {
		lines = append(lines, "  links: "+used)
	}
	for _, e := range s.Errors {
		lines = append(lines, "  failed: "+strings.ReplaceAll(e, "\n", " "))
	}
	if n := len(s.Events); n > 0 {
		lines = append(lines, "  event: "+s.Events[n-1])
	}
	for i := range lines {
		lines[i] = truncate(lines[i], width)
	}
	return lines
}

// usedLinks names the few links that are used most.
func usedLinks(links []Link) string {
	var parts []string
	for _, l := range links {
		if len(parts) == 4 || l.Rate <= 0 {
			break
		}
		use := fmt.Sprintf("%.0f %%", 100*l.Use)
		if l.Use == 0 {
			use = fmt.Sprintf("%.1f Mbps", l.Rate/1e6)
		}
		parts = append(parts, fmt.Sprintf("%s from %s %s", l.Link, truncate(l.From, 16), use))
	}
	return strings.Join(parts, ", ")
}

// clock is a duration as 1:05 or 1:02:05.
func clock(d time.Duration) string {
	s := int(d.Round(time.Second).Seconds())
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// truncate shortens text to width characters; what it leaves out shows as dots.
func truncate(text string, width int) string {
	if width < 4 || utf8.RuneCountInString(text) <= width {
		return text
	}
	return string([]rune(text)[:width-3]) + "..."
}
