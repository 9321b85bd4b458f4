package rows

import (
	"math"
	"math/rand/v2"
	"strconv"
	"testing"

	"testbed/emulator/internal/testenv"
)

// What is read the fast way is what ParseFloat reads.
func TestDecimals(t *testing.T) {
	random := rand.New(rand.NewPCG(testenv.Seed(t), 0))
	plain := 0
	for range 200_000 {
		text := strconv.FormatFloat(random.Float64()*math.Pow10(random.IntN(12)), 'f', random.IntN(10), 64)
		if random.IntN(4) == 0 {
			text = text[random.IntN(len(text)):]
		}
		got, ok := decimal(text)
		if !ok {
			continue
		}
		plain++
		if want, err := strconv.ParseFloat(text, 64); err != nil || got != want {
			t.Fatalf("%q: %v, want %v, %v", text, got, want, err)
		}
	}
	if plain < 50_000 {
		t.Errorf("only %d numbers were read the fast way", plain)
	}
	for _, text := range []string{"", ".", "-1", "+1", "1e3", "1.2.3", "1 ", "0x1", "1234567890123"} {
		if v, ok := decimal(text); ok && text != "" {
			t.Errorf("%q: %v", text, v)
		}
	}
}
