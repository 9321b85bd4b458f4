package faas

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"testbed/emulator/internal/testenv"
)

// mainEnv makes the test binary an agent with the arguments after "main".
const mainEnv = "TB_FAAS_TEST_MAIN"

// TestMainProcess tests nothing by itself: TestCommandBeside runs it as an agent's process.
func TestMainProcess(t *testing.T) {
	if os.Getenv(mainEnv) == "" {
		return
	}
	for i, a := range os.Args {
		if a == "main" {
			os.Exit(Main(os.Args[i+1:], nil))
		}
	}
}

// TestCommandBeside starts an agent with a command beside it that ends: the agent says so and goes on.
func TestCommandBeside(t *testing.T) {
	control := filepath.Join(t.TempDir(), "s")
	c := Config{Node: "pi", Listen: "127.0.0.1:0", Control: control, Speed: 1}
	args := append([]string{"-test.run=^TestMainProcess$", "main"}, c.Args()...)
	agent := exec.Command("/proc/self/exe", append(args, "--", "/bin/sh", "-c", "echo beside; exit 7")...)
	agent.Env = append(os.Environ(), mainEnv+"=1")
	out := &bytes.Buffer{}
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	agent.Stdout, agent.Stderr = writer, writer
	if err := agent.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	_ = reader.SetReadDeadline(time.Now().Add(testenv.Patience))
	for buffer := make([]byte, 512); !strings.Contains(out.String(), "(status 7)"); {
		n, err := reader.Read(buffer)
		out.Write(buffer[:n])
		if err != nil {
			t.Errorf("%v after %q", err, out.String())
			break
		}
	}
	if !strings.Contains(out.String(), "beside\n") {
		t.Errorf("the command printed nothing: %q", out.String())
	}
	if _, err := NewClient(control).Stats(t.Context()); err != nil {
		t.Errorf("the agent does not go on: %v", err)
	}
	_ = agent.Process.Signal(os.Interrupt)
	if err := agent.Wait(); err != nil {
		t.Errorf("the agent: %v", err)
	}
}

func TestCommandThatIsNotThere(t *testing.T) {
	if _, err := startCommand([]string{"/no/such/command"}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
