package influx

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/influxdata/influxdb-client-go/v2/api"
	influxhttp "github.com/influxdata/influxdb-client-go/v2/api/http"
	"github.com/influxdata/influxdb-client-go/v2/api/write"

	"testbed/emulator/internal/shell"
)

// ErrUnavailable is wrapped by the error of Check: the server does not answer, or lets nobody write.
var ErrUnavailable = errors.New("the database cannot be written to")

// answerLimit is the most that is read of a server's answer.
const answerLimit = 64 << 10

// client talks to one database. It knows nothing of repetitions.
type client struct {
	config  Config
	http    *http.Client
	service influxhttp.Service
	write   api.WriteAPIBlocking
}

func newClient(c Config) *client {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: c.Timeout}).DialContext,
		TLSHandshakeTimeout: c.Timeout, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
	}
	k := &client{config: c, http: &http.Client{
		Transport: transport, Timeout: c.Timeout,
		// A POST that is redirected becomes a GET, whose success would mean nothing.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	authorization := ""
	if c.Token != "" {
		authorization = "Token " + string(c.Token)
	}
	options := influxhttp.DefaultOptions().SetHTTPDoer(k).SetApplicationName("testbed")
	k.service = influxhttp.NewService(strings.TrimSuffix(c.URL, "/")+"/", authorization, options)
	points := write.DefaultOptions().SetPrecision(time.Nanosecond).SetUseGZip(true)
	k.write = api.NewWriteAPIBlocking(c.Org, c.Bucket, k.service, points)
	return k
}

// Do carries a request out for the library. It bounds the answer, and takes no other success than the one
// with which InfluxDB acknowledges a write, so that some other server's welcome is none.
func (k *client) Do(request *http.Request) (*http.Response, error) {
	response, err := k.http.Do(request)
	if err != nil {
		return nil, err
	}
	response.Body = struct {
		io.Reader
		io.Closer
	}{io.LimitReader(response.Body, answerLimit), response.Body}
	if request.Method == http.MethodPost && response.StatusCode/100 == 2 && response.StatusCode != http.StatusNoContent {
		response.Body.Close()
		return nil, &answer{status: response.StatusCode, message: "the server does not answer as InfluxDB does"}
	}
	return response, nil
}

func (k *client) close() { k.http.CloseIdleConnections() }

// answer is a server's refusal.
type answer struct {
	status  int
	message string
	after   time.Duration // Retry-After; 0: none
}

func (a *answer) Error() string { return fmt.Sprintf("HTTP %d: %s", a.status, a.message) }

// passing says whether an error may pass by itself: no connection, no answer in time, 429 or 5xx.
func passing(err error) bool {
	var a *answer
	return !errors.As(err, &a) || a.status == http.StatusTooManyRequests || a.status >= 500
}

// divisible says whether a refusal may be due to some of the lines, or to their number.
func divisible(err error) bool {
	var a *answer
	if !errors.As(err, &a) {
		return false
	}
	switch a.status {
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge:
		return true
	}
	return false
}

// send sends lines, once. Its errors are answers of the server or failures to get one, without secrets.
func (k *client) send(ctx context.Context, lines []byte) error {
	ctx, cancel := context.WithTimeout(ctx, k.config.Timeout)
	defer cancel()
	return k.sanitised(k.write.WriteRecord(ctx, string(lines)))
}

// sanitised turns the library's error into one of this package.
func (k *client) sanitised(err error) error {
	if err == nil {
		return nil
	}
	var a *answer
	if errors.As(err, &a) {
		return &answer{a.status, k.brief(a.message) + k.remedy(a.status), a.after}
	}
	var known *influxhttp.Error
	if errors.As(err, &known) && known.StatusCode != 0 {
		message := known.Message
		if message == "" {
			message = known.Header.Get("X-Influxdb-Error")
		}
		if message == "" {
			message = http.StatusText(known.StatusCode)
		}
		after := retryAfter(known.Header.Get("Retry-After"), time.Now())
		return &answer{known.StatusCode, k.brief(message) + k.remedy(known.StatusCode), after}
	}
	var at *url.Error // which names the whole URL
	if errors.As(err, &at) {
		err = at.Err
	}
	if errors.Is(err, context.Canceled) {
		return errors.New("given up before the server has answered")
	}
	if errors.Is(err, context.DeadlineExceeded) || isTimeout(err) {
		return fmt.Errorf("no answer within %v", k.config.Timeout)
	}
	return errors.New(k.brief(err.Error()))
}

// remedy says what to do about a refusal: who is told that there is no such bucket may not have made one yet.
func (k *client) remedy(status int) string {
	if status != http.StatusNotFound {
		return ""
	}
	bucket, _, _ := strings.Cut(k.config.Bucket, "/")
	if k.config.Org == "" {
		return fmt.Sprintf("; create it: influx -execute 'CREATE DATABASE \"%s\"'", bucket)
	}
	return fmt.Sprintf("; create it: influx bucket create --org %s --name %s",
		shell.Quote(k.config.Org), shell.Quote(bucket))
}

func isTimeout(err error) bool {
	var timeout net.Error
	return errors.As(err, &timeout) && timeout.Timeout()
}

// brief is a text on one line, of bounded length, without secrets.
func (k *client) brief(text string) string {
	text = strings.Join(strings.Fields(k.config.redact(text)), " ")
	if len(text) > 300 {
		text = strings.ToValidUTF8(text[:300], "") + " ..."
	}
	return text
}

// retryAfter reads the header: a number of seconds or a date. 0 where there is none.
func retryAfter(header string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(header, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// Check asks once whether the database is there and may be written to: it reads the server's health and
// writes nothing. Its error wraps ErrUnavailable.
func Check(ctx context.Context, config Config) error {
	if err := config.Validate(); err != nil {
		return err
	}
	k := newClient(config.withDefaults())
	defer k.close()
	err := k.health(ctx)
	if err == nil {
		err = k.probe(ctx)
	}
	if err != nil {
		return fmt.Errorf("%s: %w: %w", config.Name(), ErrUnavailable, err)
	}
	return nil
}

func (k *client) health(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, k.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, k.service.ServerURL()+"health", nil)
	if err != nil {
		return errors.New("the URL is not one")
	}
	response, err := k.service.DoHTTPRequestWithResponse(request, nil)
	if err != nil {
		return k.sanitised(err)
	}
	defer response.Body.Close()
	var health struct{ Status, Message string }
	err = json.NewDecoder(response.Body).Decode(&health)
	if response.StatusCode != http.StatusOK || err != nil || health.Status != "pass" {
		return fmt.Errorf("its health is %s, %q: %s",
			http.StatusText(response.StatusCode), k.brief(health.Status), k.brief(health.Message))
	}
	return nil
}

// probe writes no point at all. InfluxDB 1.8 takes that once it knows the database and the user, 2.x says
// then that points are missing.
func (k *client) probe(ctx context.Context) error {
	err := k.send(ctx, []byte("# testbed\n"))
	var a *answer
	if errors.As(err, &a) && a.status == http.StatusBadRequest && strings.Contains(a.message, "requires points") {
		return nil
	}
	return err
}
