package dapr

import "testing"

func TestElements(t *testing.T) {
	for text, want := range map[string]int64{
		"":                              1,
		"[]":                            1,
		"[0,0,0]":                       3,
		`[{"key":"a","value":[1,2,3]}]`: 2,
		`[{"key":"a,\",b","value":{"a":1,"b":2}},{"key":"b"}]`: 3,
		`{"operations":[0,0,0,0]}`:                             4,
		`{"operations":[{"request":{"value":[1,2]}},{}]}`:      2,
	} {
		if n := elements([]byte(text)); n != want {
			t.Errorf("%s: %d, want %d", text, n, want)
		}
	}
}
