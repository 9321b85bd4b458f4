package control

import (
	"encoding/json"
	"io"
)

// MostSaid bounds a message, in bytes.
const MostSaid = 64 << 10

// Send sends one message, a line of JSON.
func Send(to io.Writer, value any) error {
	line, err := json.Marshal(value)
	if err == nil {
		_, err = to.Write(append(line, '\n'))
	}
	return err
}

// Receive receives one of at most MostSaid bytes, and nothing of what follows it.
func Receive(from io.Reader, into any) error {
	line, err := ReadLine(from, MostSaid-1)
	if err != nil {
		return err
	}
	return json.Unmarshal([]byte(line), into)
}
