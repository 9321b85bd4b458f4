package remote

import (
	"net"
	"time"

	"testbed/emulator/noderuntime"
)

// question is one for secrets: those of a testbed's bringing up or, where Key is set, the one that signs images.
type question struct {
	Testbed, Run string
	Key          bool `json:",omitempty"`
}

// asking bounds how long an answer may take.
const asking = 10 * time.Second

// ServeSecrets answers a question for secrets that comes over a stream, which is the controller's side's.
func ServeSecrets(conn net.Conn, known Secrets) {
	_ = conn.SetDeadline(time.Now().Add(asking))
	s := newStream(conn, mostQuestion)
	var q question
	if err := s.receive(&q); err != nil {
		return
	}
	var answer []noderuntime.Secret
	switch {
	case q.Key && known.Key != nil:
		answer = append(answer, known.Key())
	case !q.Key && known.Of != nil:
		answer = known.Of(q.Testbed, q.Run)
	}
	_ = s.send(answer)
}

// AskedOf are the secrets that the other side knows. One that does not answer knows none: then nothing is proved, and
// what is not proved is left alone.
func AskedOf(to Opener) Secrets {
	ask := func(q question) (secrets []noderuntime.Secret) {
		conn, err := to.Open(SecretsService)
		if err != nil {
			return nil
		}
		defer conn.Close()
		_ = conn.SetDeadline(time.Now().Add(asking))
		s := newStream(conn, mostQuestion)
		if s.send(q) != nil || s.receive(&secrets) != nil {
			return nil
		}
		return secrets
	}
	return Secrets{
		Of: func(testbed, run string) []noderuntime.Secret { return ask(question{Testbed: testbed, Run: run}) },
		Key: func() noderuntime.Secret {
			if known := ask(question{Key: true}); len(known) == 1 {
				return known[0]
			}
			return noderuntime.Secret{}
		},
	}
}
