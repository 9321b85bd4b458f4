package influx

import (
	"cmp"
	"net/url"
	"strings"
)

// Suggestion is what a file, a scenario or a run's manifest, says of a database. Whoever wrote the file may be
// a stranger. So it decides neither whom this program contacts nor what it sends: there is no token in it, and
// its URL counts only as far as a flag or the environment names the same one.
type Suggestion struct {
	URL    string
	Org    string
	Bucket string
}

// Complete takes organisation and bucket from a file, where the configuration names none and the file is
// about the same server, or about no certain one.
func (c Config) Complete(s Suggestion) Config {
	if c.Enabled() && (s.URL == "" || SameServer(c.URL, s.URL)) {
		c.Org, c.Bucket = cmp.Or(c.Org, s.Org), cmp.Or(c.Bucket, s.Bucket)
	}
	return c
}

// SameServer says whether two URLs are of one server and path. Users and passwords in them do not count.
func SameServer(one, other string) bool {
	a, err := url.Parse(one)
	if err != nil {
		return false
	}
	b, err := url.Parse(other)
	return err == nil && a.Host != "" && strings.EqualFold(a.Scheme, b.Scheme) &&
		strings.EqualFold(a.Hostname(), b.Hostname()) && port(a) == port(b) &&
		strings.TrimSuffix(a.Path, "/") == strings.TrimSuffix(b.Path, "/")
}

// port is a URL's port, the scheme's own where it names none.
func port(u *url.URL) string {
	return cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443"}[strings.ToLower(u.Scheme)])
}
