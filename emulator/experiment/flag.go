package experiment

import (
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// ParseFactor reads a factor as the command line has it, KEY=LEVEL,LEVEL,... A level that has a comma stands in
// quotes or in YAML's brackets: 'models=[external, in-edge],[in-client]'. from is said to be where it stands.
func ParseFactor(text, from string) (Factor, error) {
	key, levels, ok := strings.Cut(text, "=")
	f := Factor{Key: strings.TrimSpace(key)}
	if !ok || f.Key == "" {
		return f, fmt.Errorf("%w: %s: %q is no factor: write KEY=LEVEL,LEVEL, such as workload.jobs=100,200",
			ErrInput, from, text)
	}
	parts, closed := splitLevels(levels)
	if !closed {
		return f, fmt.Errorf("%w: %s: a quote or a bracket in %q is not closed", ErrInput, from, levels)
	}
	for _, part := range parts {
		if part == "" {
			return f, fmt.Errorf("%w: %s: a level of %s is empty", ErrInput, from, f.Key)
		}
		f.Levels = append(f.Levels, Level{Text: part, From: fmt.Sprintf("--set %s=%s", f.Key, part)})
	}
	return f, nil
}

// splitLevels splits at commas that are in no quotes and no brackets.
func splitLevels(text string) (levels []string, closed bool) {
	depth, quote, begin := 0, byte(0), 0
	for i := range len(text) {
		switch c := text[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth == 0:
			levels = append(levels, strings.TrimSpace(text[begin:i]))
			begin = i + 1
		}
	}
	return append(levels, strings.TrimSpace(text[begin:])), depth == 0 && quote == 0
}

// label is a level as people read it: a text without YAML's quotes.
func label(text string) string {
	var s string
	if strings.HasPrefix(text, `"`) || strings.HasPrefix(text, "'") {
		if yaml.Unmarshal([]byte(text), &s) == nil {
			return s
		}
	}
	return text
}
