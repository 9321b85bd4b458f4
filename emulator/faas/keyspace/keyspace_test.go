package keyspace

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
)

func encoded(s *Space) []byte {
	b := make([]byte, s.Size())
	s.Encode(b)
	return b
}

func TestReadsWhatWasWritten(t *testing.T) {
	s := New(0)
	if n := s.Size(); n != 0 {
		t.Errorf("a new space has %d bytes", n)
	}
	for _, key := range []string{"b", "a", "b", strings.Repeat("k", MaxKey)} {
		if err := s.Set(key, []byte("of "+key)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Set("empty", nil); err != nil {
		t.Fatal(err)
	}
	s.Delete("a")
	s.Delete("nowhere")
	again, err := Decode(encoded(s), 0)
	if err != nil {
		t.Fatal(err)
	}
	if again.Digest() != s.Digest() || !bytes.Equal(encoded(again), encoded(s)) || len(again.Keys()) != 3 {
		t.Errorf("%v became %v", s.Keys(), again.Keys())
	}
	for key, want := range map[string]string{"b": "3", "empty": "5"} {
		if _, etag, _ := again.Get(key); etag != want {
			t.Errorf("%s has ETag %s, want %s", key, etag, want)
		}
	}
	if _, _, found := again.Get("a"); found {
		t.Error("a was deleted")
	}
}

// A key that is deleted and written again never has an ETag that it had before.
func TestETagsComeOnce(t *testing.T) {
	s, seen := New(0), map[string]bool{}
	for range 20 {
		if err := s.Set("k", []byte("v")); err != nil {
			t.Fatal(err)
		}
		_, etag, _ := s.Get("k")
		if seen[etag] {
			t.Fatalf("ETag %s came twice", etag)
		}
		seen[etag] = true
		s.Delete("k")
		var err error
		if s, err = Decode(encoded(s), 0); err != nil { // which an empty space must survive as well
			t.Fatal(err)
		}
	}
}

// The digest is of the content, not of how it came to be.
func TestDigest(t *testing.T) {
	content := map[string]string{"a": "1", "b": "2", "c": "", "ab": "1"}
	order := []string{"c", "a", "ab", "b"}
	digests := map[string]bool{}
	for range 10 {
		rand.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		s := New(0)
		for _, key := range order {
			_ = s.Set(key, []byte("something else"))
			_ = s.Set(key, []byte(content[key]))
			_ = s.Set("gone", nil)
			s.Delete("gone")
		}
		digests[s.Digest()] = true
	}
	if len(digests) != 1 {
		t.Errorf("%d digests of one content", len(digests))
	}
	for _, other := range []map[string]string{
		{}, {"a": "1", "b": "2", "c": ""}, {"a": "1", "b": "2", "c": "", "ab": "2"}, {"a": "1a", "b": "2", "c": "", "b1": ""},
	} {
		s := New(0)
		for key, value := range other {
			_ = s.Set(key, []byte(value))
		}
		if digests[s.Digest()] {
			t.Errorf("%v has the same digest", other)
		}
	}
}

func TestLimits(t *testing.T) {
	s := New(100)
	for key, want := range map[string]error{"": ErrKey, strings.Repeat("k", MaxKey+1): ErrKey, "k": ErrFull} {
		if err := s.Set(key, make([]byte, 100)); !errors.Is(err, want) {
			t.Errorf("%.10q: %v", key, err)
		}
	}
	if len(s.Keys()) != 0 || s.Size() != 0 {
		t.Errorf("what failed left %d bytes", s.Size())
	}
	for i := range 1000 { // the last that fits fills it, and replacing stays possible
		if err := s.Set("k", make([]byte, i)); err != nil {
			if !errors.Is(err, ErrFull) || s.Size() != 100 {
				t.Errorf("at %d bytes: %v", s.Size(), err)
			}
			break
		}
	}
	before := encoded(s)
	if err := s.Set("l", nil); !errors.Is(err, ErrFull) || !bytes.Equal(encoded(s), before) {
		t.Errorf("beyond the limit: %v", err)
	}
	if s.Delete("k"); s.Set("l", nil) != nil {
		t.Error("what was deleted takes up room")
	}
	if New(MaxBytes+1).limit != MaxBytes || New(-1).limit != MaxBytes {
		t.Error("a limit above the highest")
	}
}

func TestCloneIsApart(t *testing.T) {
	s := New(0)
	_ = s.Set("a", []byte("1"))
	before := encoded(s)
	c := s.Clone()
	_ = c.Set("a", []byte("2"))
	_ = c.Set("b", []byte("2"))
	c.Delete("a")
	if !bytes.Equal(encoded(s), before) || len(c.Keys()) != 1 {
		t.Error("a clone changes the original")
	}
}

func TestRefusesOtherBytes(t *testing.T) {
	s := New(0)
	_ = s.Set("a", []byte("1"))
	_ = s.Set("b", []byte("23"))
	good := encoded(s)
	for i := 1; i < len(good); i++ {
		if _, err := Decode(good[:i], 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("the first %d bytes of %d: %v", i, len(good), err)
		}
	}
	for name, data := range map[string][]byte{
		"another format":       {2, 1, 0},
		"no writes":            {format, 0, 0},
		"more keys than write": {format, 1, 2, 1, 'a', 1, 0, 1, 'b', 1, 0},
		"descending":           {format, 2, 2, 1, 'b', 1, 0, 1, 'a', 2, 0},
		"twice":                {format, 2, 2, 1, 'a', 1, 0, 1, 'a', 2, 0},
		"no key":               {format, 1, 1, 0, 1, 0},
		"ETag of no write":     {format, 1, 1, 1, 'a', 2, 0},
		"ETag 0":               {format, 1, 1, 1, 'a', 0, 0},
		"a long number":        {format, 0x81, 0, 0},
		"more keys than bytes": {format, 0xff, 0xff, 0x7f, 0xff, 0xff, 0x3f},
		"bytes behind":         append(append([]byte{}, good...), 0),
	} {
		if _, err := Decode(data, 0); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever is read is written as the same bytes, and its size and digest are its own.
func FuzzDecode(f *testing.F) {
	s := New(0)
	for i := range 5 {
		f.Add(encoded(s))
		_ = s.Set(strconv.Itoa(i*i%7), bytes.Repeat([]byte{byte(i)}, 100*i))
	}
	f.Add([]byte{format, 2, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Decode(data, 0)
		if err != nil {
			return
		}
		if again := encoded(s); !bytes.Equal(again, data) {
			t.Fatalf("%x was written as %x", data, again)
		}
		copied := New(0)
		for _, key := range s.Keys() {
			value, _, _ := s.Get(key)
			if copied.Set(key, value) != nil {
				t.Fatal("what was read cannot be written")
			}
		}
		if copied.Digest() != s.Digest() {
			t.Fatal("the same content has another digest")
		}
	})
}

// What a space takes in memory is known before it is read, and follows what is written.
func TestMemory(t *testing.T) {
	s := New(0)
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		key := strings.Repeat("k", random.IntN(20)) + strconv.Itoa(random.IntN(300))
		if i%5 == 0 {
			s.Delete(key)
		} else if err := s.Set(key, make([]byte, random.IntN(30))); err != nil {
			t.Fatal(err)
		}
		names := 0
		for _, key := range s.Keys() {
			names += len(key)
		}
		want := int64(names + KeyBytes*len(s.Keys()))
		if s.Overhead() != want || s.Memory() != want+s.Size() {
			t.Fatalf("after %d writes: %d and %d bytes, want %d beside %d", i, s.Overhead(), s.Memory(), want, s.Size())
		}
		if i%100 != 99 {
			continue
		}
		data := encoded(s)
		again, err := Decode(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		if again.Overhead() != want || Overhead(data) != want {
			t.Fatalf("a blob of %d bytes is said to take %d more, and takes %d", len(data), Overhead(data), want)
		}
		if c := s.Clone(); c.Overhead() != want {
			t.Fatalf("a copy takes %d, want %d", c.Overhead(), want)
		}
	}
	for _, data := range [][]byte{nil, {format}, {format, 0xff}, {9, 9, 9, 1, 'a', 1, 0}, {format, 9, 9, 200, 'a'}} {
		if n := Overhead(data); n != 0 {
			t.Errorf("%v: %d bytes", data, n)
		}
	}
	if n := Overhead([]byte{format, 9, 9, 2, 'a', 'b', 1, 0, 7}); n != KeyBytes+2 {
		t.Errorf("one key of a blob that is cut off: %d bytes", n)
	}
}

// KeyBytes is more than what is taken for a key, however many there are.
func TestKeyBytesAreEnough(t *testing.T) {
	for count := 100; count <= 200_000; count = count*3/2 + 1 {
		s := New(0)
		for i := range count {
			if err := s.Set(strconv.Itoa(i), nil); err != nil {
				t.Fatal(err)
			}
		}
		data := encoded(s)
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		again, err := Decode(data, 0)
		if err != nil {
			t.Fatal(err)
		}
		keys := again.Keys()
		runtime.GC()
		runtime.ReadMemStats(&after)
		if took := int64(after.HeapAlloc) - int64(before.HeapAlloc); took > Overhead(data)+4096 {
			t.Errorf("%d keys take %d bytes, and are said to take %d", count, took, Overhead(data))
		}
		runtime.KeepAlive(keys)
		runtime.KeepAlive(s)
		runtime.KeepAlive(data)
	}
}
