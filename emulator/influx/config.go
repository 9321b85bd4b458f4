// Package influx mirrors a run's samples in an InfluxDB, 1.8 or 2.x. The file samples.lp is the buffer: a
// mirror reads what has been written there and sends it at its own pace, so that a database that is slow,
// refuses or is gone costs a replay nothing and loses nothing. What it has acknowledged is remembered in
// upload.json beside the samples; Upload sends the rest, any number of times. Points carry their times,
// so sending one again changes nothing.
package influx

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// Secret is a token. It prints as asterisks, in JSON too.
type Secret string

// String hides the token.
func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return "***"
}

// GoString hides the token.
func (s Secret) GoString() string { return s.String() }

// MarshalText hides the token.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Config says where the database is, and how patiently it is treated. URL and token come from flags and the
// environment only; see Suggestion for what files may say. Times and sizes that are 0 have the
// defaults given.
type Config struct {
	URL    string // http or https, such as http://localhost:8086
	Org    string // organisation; of InfluxDB 1.8: left empty
	Bucket string // of InfluxDB 1.8: DATABASE or DATABASE/RETENTION-POLICY
	Token  Secret // of InfluxDB 1.8: USER:PASSWORD, or empty

	Timeout    time.Duration // of a request; 10 s
	FinalFlush time.Duration // for what is left when a mirror is closed; 10 s
	Patience   time.Duration // that Upload has with a server that does not answer; 30 s
	Backoff    time.Duration // before the first repetition, doubled with each; 250 ms
	MaxBackoff time.Duration // the longest of those; 10 s
	MaxAfter   time.Duration // the longest Retry-After that is respected; 60 s
	BatchLines int           // lines in a request; 5000
	BatchBytes int           // bytes in a request before compression, of lines that are shorter; 1 MiB
	Seed       uint64        // of the jitter of repetitions
}

// The names of the environment's variables.
const (
	EnvURL    = "INFLUX_URL"
	EnvToken  = "INFLUX_TOKEN"
	EnvOrg    = "INFLUX_ORG"
	EnvBucket = "INFLUX_BUCKET"
)

// Enabled says whether there is a database to mirror in.
func (c Config) Enabled() bool { return c.URL != "" }

// Validate says what is wrong or missing. Its errors never quote the URL's user or password.
func (c Config) Validate() error {
	var errs []error
	if c.URL == "" {
		errs = append(errs, fmt.Errorf("influx: no URL: set %s or give --influx-url", EnvURL))
	} else if u, err := url.Parse(c.URL); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		errs = append(errs, errors.New("influx: the URL is not one: write http://HOST:PORT or https://HOST:PORT"))
	} else if u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, fmt.Errorf("influx: the URL holds a query: remove it; a token comes from %s", EnvToken))
	}
	if c.Bucket == "" {
		errs = append(errs, fmt.Errorf("influx: no bucket: set %s, give --influx-bucket, or write influx.bucket in "+
			"the scenario (InfluxDB 1.8: DATABASE or DATABASE/POLICY)", EnvBucket))
	}
	return errors.Join(errs...)
}

// Server is the URL without user, password and query.
func (c Config) Server() string {
	u, err := url.Parse(c.URL)
	if err != nil {
		return "(no URL)"
	}
	return strings.TrimSuffix((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String(), "/")
}

// Name names the database for people and for the manifest, without secrets.
func (c Config) Name() string {
	name := c.Server() + " " + c.Bucket
	if c.Org != "" {
		name = c.Server() + " " + c.Org + "/" + c.Bucket
	}
	return "influx " + name
}

// key tells databases apart in upload.json.
func (c Config) key() string {
	sum := sha256.Sum256([]byte(c.Server() + "\x00" + c.Org + "\x00" + c.Bucket))
	return hex.EncodeToString(sum[:8])
}

func (c Config) withDefaults() Config {
	c.Timeout = cmp.Or(c.Timeout, 10*time.Second)
	c.FinalFlush = cmp.Or(c.FinalFlush, 10*time.Second)
	c.Patience = cmp.Or(c.Patience, 30*time.Second)
	c.Backoff = cmp.Or(c.Backoff, 250*time.Millisecond)
	c.MaxBackoff = cmp.Or(c.MaxBackoff, 10*time.Second)
	c.MaxAfter = cmp.Or(c.MaxAfter, time.Minute)
	c.BatchLines = cmp.Or(c.BatchLines, 5000)
	c.BatchBytes = cmp.Or(c.BatchBytes, 1<<20)
	return c
}

// redact takes secrets out of a text that a server or library gave.
func (c Config) redact(text string) string {
	secrets := []string{string(c.Token)}
	if u, err := url.Parse(c.URL); err == nil && u.User != nil {
		password, _ := u.User.Password()
		secrets = append(secrets, u.User.String(), password)
	}
	if _, password, ok := strings.Cut(string(c.Token), ":"); ok {
		secrets = append(secrets, password)
	}
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}
