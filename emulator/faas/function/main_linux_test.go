package function_test

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"testbed/emulator/faas/dapr"
	"testbed/emulator/faas/function"
)

// hostileEnv makes the test's binary a function that behaves as it says.
const hostileEnv = "TB_TEST_FUNCTION"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == function.Command {
		os.Exit(function.Main())
	}
	if how := os.Getenv(hostileEnv); how != "" {
		behave(how)
	}
	os.Exit(m.Run())
}

// behave is a user's program.
func behave(how string) {
	switch how {
	case "ends":
		fmt.Println("nothing to do")
		os.Exit(0)
	case "fails":
		fmt.Println("no such model")
		os.Exit(9)
	case "silent":
		time.Sleep(time.Hour)
	case "of-watchdog":
		watchdog()
	case "stubborn":
		signal.Ignore(syscall.SIGTERM)
	}
	port := os.Getenv("PORT")
	if how == "upstream" { // it listens where it always does, whatever the platform says
		port = os.Getenv("upstream_url")[len("http://127.0.0.1:"):]
	}
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		panic(err)
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		answer(how, w, r, body)
		if how == "closes" && r.Method == http.MethodPost {
			go func() { time.Sleep(10 * time.Millisecond); _ = listener.Close() }()
		}
	})}
	_ = server.Serve(listener)
	time.Sleep(time.Hour)
}

func answer(how string, w http.ResponseWriter, r *http.Request, body []byte) {
	if r.Method != http.MethodPost {
		if r.URL.Path == "/_/health" && how == "watchdog" && time.Since(begun) < 50*time.Millisecond {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return
	}
	switch how {
	case "crashes":
		fmt.Println("about to crash")
		fmt.Fprintln(os.Stderr, "index out of range")
		os.Exit(3)
	case "hangs":
		time.Sleep(time.Hour)
	case "refuses":
		http.Error(w, "no luck today", http.StatusInternalServerError)
	case "answers a gigabyte":
		for zeros := make([]byte, 1<<20); ; {
			if _, err := w.Write(zeros); err != nil {
				return
			}
		}
	case "announces a gigabyte":
		w.Header().Set("Content-Length", strconv.Itoa(1<<30))
		_, _ = w.Write(body)
	case "waits": // until the test, which it tells so, closes the connection
		if c, err := net.Dial("tcp", string(body)); err == nil {
			_, _ = io.ReadAll(c)
		}
	case "floods":
		line := strings.Repeat("x", 200) + "\n"
		for range 100_000 {
			fmt.Print(line)
		}
	case "forks":
		for {
			fork()
			time.Sleep(time.Millisecond)
		}
	case "eats":
		var all [][]byte
		for {
			all = append(all, make([]byte, 1<<20))
			for i := range all[len(all)-1] {
				all[len(all)-1][i] = 1
			}
		}
	case "asks":
		ask(w, r)
		return
	case "rights":
		rights(w)
		return
	case "looks":
		look(w, string(body))
		return
	}
	fmt.Fprintf(w, "%s %s %s %s:", r.Header.Get("Ce-Id"), r.Header.Get("Ce-Testbedlengths"), os.Getenv("LEVEL"), how)
	_, _ = w.Write(body)
}

var begun = time.Now()

// look says of each path, one a line, what a program finds there: a directory's entries, or a file's content.
func look(w io.Writer, paths string) {
	for path := range strings.SplitSeq(paths, "\n") {
		if entries, err := os.ReadDir(path); err == nil {
			var names []string
			for _, e := range entries {
				names = append(names, e.Name())
			}
			fmt.Fprintf(w, "%s: %s\n", path, strings.Join(names, " "))
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			content = []byte("no")
		}
		fmt.Fprintf(w, "%s: %s\n", path, content)
	}
}

// fork starts a process that does nothing else than to start others.
func fork() {
	c := exec.Command("/proc/self/exe")
	c.Env = []string{hostileEnv + "=silent"}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	_ = c.Start()
}

// ask makes a state request with the headers that the argument names.
func ask(w http.ResponseWriter, r *http.Request) {
	req, _ := http.NewRequest(http.MethodGet, os.Getenv("DAPR_HTTP_ENDPOINT")+"/v1.0/state/statestore/k", nil)
	req.Header.Set(dapr.TokenHeader, os.Getenv(dapr.TokenEnv))
	for _, name := range []string{"Traceparent", "Ce-Id"} {
		if r.Header.Get("Content-Type") == name {
			req.Header.Set(name, r.Header.Get(name))
		}
	}
	if d := r.Header.Get("Ce-Source"); d == "slow" {
		time.Sleep(300 * time.Millisecond)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fmt.Fprint(w, err)
		return
	}
	text, _ := io.ReadAll(resp.Body)
	fmt.Fprintf(w, "%d %s", resp.StatusCode, text)
}

// rights tells what the process may do.
func rights(w io.Writer) {
	status, _ := os.ReadFile("/proc/self/status")
	for line := range strings.Lines(string(status)) {
		for _, what := range []string{"Uid", "Gid", "Groups", "CapEff", "CapPrm", "CapBnd", "NoNewPrivs"} {
			if name, value, _ := strings.Cut(line, ":"); name == what {
				fmt.Fprintf(w, "%s=%s\n", name, strings.Join(strings.Fields(value), ","))
			}
		}
	}
	processes, _ := os.ReadDir("/proc")
	n := 0
	for _, p := range processes {
		if _, err := strconv.Atoi(p.Name()); err == nil {
			n++
		}
	}
	hidden, err := os.ReadDir(os.Getenv("HIDDEN"))
	fmt.Fprintf(w, "pid=%d\nprocesses=%d\nhidden=%d,%v\n", os.Getpid(), n, len(hidden), err != nil)
	score, _ := os.ReadFile("/proc/self/oom_score_adj")
	fmt.Fprintf(w, "oom=%s\n", strings.TrimSpace(string(score)))
	for _, path := range []string{"/tmp/x", "/etc/x", os.Getenv("OUTSIDE") + "/x"} {
		fmt.Fprintf(w, "write=%v\n", os.WriteFile(path, make([]byte, 3<<20), 0o600) == nil)
	}
	fmt.Fprintf(w, "fill=%v\n", os.WriteFile("/tmp/y", make([]byte, 100<<20), 0o600) == nil)
	fmt.Fprintf(w, "environ=%d\n", len(os.Environ()))
	for _, dir := range []string{"/run", "/dev/pts"} { // sockets and terminals of its user's
		entries, _ := os.ReadDir(dir)
		fmt.Fprintf(w, "%s=%d\n", dir, len(entries))
	}
}
