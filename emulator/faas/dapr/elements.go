package dapr

// few is how many items are decoded without a word.
const few = 64

// weight is more than what an item of a request, or an operation with its item, takes when it is decoded, in bytes,
// twice over: a slice that grows is there in two sizes.
const weight = 512

// elements is at least how many items a request's JSON has, or would have where it is none: what stands between commas
// down to the second level, where a transaction's operations are. Values are below, and are not decoded.
func elements(text []byte) int64 {
	n, depth, quoted := int64(1), 0, false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[' || c == '{':
			depth++
		case c == ']' || c == '}':
			depth--
		case c == ',' && depth <= 2:
			n++
		}
	}
	return n
}
