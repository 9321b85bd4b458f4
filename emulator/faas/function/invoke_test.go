package function

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// posted is what comes of an invocation that is answered with a text and the connection's end.
func posted(t *testing.T, most int64, text string) (string, error) {
	t.Helper()
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		conn, err := l.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		if _, err = http.ReadRequest(bufio.NewReader(conn)); err == nil { // or the end would be a reset
			_, _ = fmt.Fprint(conn, text)
		}
	}()
	got, err := (&Invocation{ID: "a", Most: most}).post(t.Context(), l.Addr().String())
	return string(got), err
}

// Answers of a length, in chunks, and until the connection's end.
const (
	counted = "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n"
	chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
	closing = "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
)

// TestBrokenAnswers: an answer that ends before it says that it does is no result, wherever it breaks off.
func TestBrokenAnswers(t *testing.T) {
	whole := chunked + "5\r\nhello\r\n1000\r\n" + strings.Repeat("x", 0x1000) + "\r\n0\r\n\r\n"
	for at := len(chunked); at < len(whole); at += 1 + at/1000*97 {
		if got, err := posted(t, 1<<20, whole[:at]); err == nil {
			t.Errorf("in chunks, %d of %d bytes: a result of %d", at-len(chunked), len(whole)-len(chunked), len(got))
		}
	}
	if got, err := posted(t, 1<<20, fmt.Sprintf(counted, 100)+"half of it"); err == nil ||
		!strings.Contains(err.Error(), "its answer broke off after 10 bytes") {
		t.Errorf("%q, %v", got, err)
	}
	if got, err := posted(t, 1<<20, chunked+"64\r\nhalf of it"); err == nil ||
		!strings.Contains(err.Error(), "its answer broke off after 10 bytes") {
		t.Errorf("%q, %v", got, err)
	}
}

// TestWholeAnswers: a result has the bytes that the function has sent, up to as many as it may have, and not one more.
func TestWholeAnswers(t *testing.T) {
	const most = 3000 // more than is read at once of what has no length
	for name, head := range map[string]string{"counted": counted, "chunked": chunked, "closing": closing} {
		for _, n := range []int{0, 1, 511, 512, 513, most - 1, most, most + 1, 2 * most} {
			result := strings.Repeat("y", n)
			text := head + result
			switch name {
			case "counted":
				text = fmt.Sprintf(head, n) + result
			case "chunked":
				text = head + "0\r\n\r\n"
				if n > 0 {
					text = fmt.Sprintf("%s%x\r\n%s\r\n0\r\n\r\n", head, n, result)
				}
			}
			got, err := posted(t, most, text)
			if n > most {
				if !errors.Is(err, ErrTooLarge) {
					t.Errorf("%s, %d bytes: %v", name, n, err)
				}
			} else if err != nil || got != result {
				t.Errorf("%s, %d bytes: %d, %v", name, n, len(got), err)
			}
		}
	}
}
