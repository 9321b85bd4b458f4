package spar

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"testbed/emulator/workload"
)

func read(t *testing.T, text string) *Trace {
	t.Helper()
	trace, err := Read(strings.NewReader(text), "t.csv")
	if err != nil {
		t.Fatal(err)
	}
	return trace
}

// A file in another format is told by what a row should be, with its first row and that row's line.
func TestForeignFormats(t *testing.T) {
	good := []string{"0.05,j_1,M1,10,50.0,0.3,1", "0.05,j_1,M2,10,50.0,0.3,1", "0.05,j_1,J3_1_2,10,50.0,0.3,1"}
	each := func(change func(string) string) string {
		var rows strings.Builder
		for _, row := range good {
			rows.WriteString(change(row) + "\n")
		}
		return rows.String()
	}
	cluster := "M1,1,j_1,type_9,Terminated,97,110,50.0,23.3\nJ2_1_3,2,j_1,1,Terminated,97,110,50.0,0.2\n"
	header := "task_name,instance_num,job_name,task_type,status,start_time,end_time,plan_cpu,plan_mem\n"
	separated := func(by string) string {
		return each(func(s string) string { return strings.ReplaceAll(s, ",", by) })
	}
	same := func(s string) string { return s }
	quoted := func(s string) string { return `"` + strings.ReplaceAll(s, ",", `","`) + `"` }
	for name, c := range map[string]struct{ text, want string }{
		"cluster":      {cluster, "batch_task.csv"},
		"with header":  {header + cluster, "9 fields"},
		"eight":        {each(func(s string) string { return s + ",9" }), "8 fields"},
		"six":          {each(func(s string) string { return s[:strings.LastIndex(s, ",")] }), "6 fields"},
		"semicolons":   {separated(";"), "put commas between the fields, not semicolons"},
		"tabs":         {separated("\t"), "put commas between the fields, not tabs"},
		"quotes":       {each(quoted), "without quotes"},
		"other order":  {"j_1,0.05,M1,10,50.0,0.3,1\n", "does not begin with j_"},
		"a mark":       {"\ufeff" + cluster, "batch_task.csv"},
		"CRLF":         {strings.ReplaceAll(cluster, "\n", "\r\n"), "batch_task.csv"},
		"empty lines":  {"\n\r\n" + cluster, "t.csv:3: "},
		"compressed":   {"\x1f\x8b\x08\x00\x00", "compressed"},
		"UTF-16":       {"\xff\xfe0\x00,\x00j\x00_\x00", "UTF-8"},
		"JSON":         {`{"jobs": []}`, "1 field;"},
		"Go's strings": {"1,j_1,R2_1,x,1,1,1\n", "duration"},
	} {
		trace := read(t, c.text)
		err := trace.Foreign()
		if !errors.Is(err, ErrFormat) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		message := err.Error()
		complete := strings.Contains(message, RowFormat) && strings.HasPrefix(message, "t.csv:")
		if !complete || !strings.Contains(message, c.want) {
			t.Errorf("%s: %s, want %s", name, message, c.want)
		}
		if strings.ContainsAny(message, "\x00\x1f\t") || len(message) > 600 {
			t.Errorf("%s: not for a terminal: %q", name, message)
		}
	}
	for name, text := range map[string]string{
		"plain": each(same), "a mark": "\ufeff" + each(same), "CRLF": each(func(s string) string { return s + "\r" }),
		"empty": "", "header": RowFormat + "\n" + each(same),
	} {
		trace := read(t, text)
		if err := trace.Foreign(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if jobs := len(Chains(trace, workload.DefaultOptions())); text != "" && (jobs != 1 || trace.Lost != 0) {
			t.Errorf("%s: %d jobs, %d lost", name, jobs, trace.Lost)
		}
	}
}

// A job of which a row cannot be read is left out: it would be another one without it.
func TestJobsThatLostARow(t *testing.T) {
	three := func(n int) string {
		rows := "0,j_N,M1,1,100,0.3,1\n0,j_N,M2,1,100,0.3,1\n0,j_N,J3_1_2,1,100,0.3,1\n"
		return strings.ReplaceAll(rows, "N", fmt.Sprint(n))
	}
	for name, c := range map[string]struct {
		text string
		jobs []int
		lost int
	}{
		"none":              {three(1) + three(2), []int{1, 2}, 0},
		"empty cpu":         {three(1) + strings.Replace(three(2), "M2,1,100", "M2,1,", 1) + three(3), []int{1, 3}, 1},
		"first row":         {three(1) + strings.Replace(three(2), "M1,1,100", "M1,1,NaN", 1) + three(3), []int{1, 3}, 1},
		"last row":          {three(1) + strings.Replace(three(2), "J3_1_2,1", "J3_1_2,-1", 1) + three(3), []int{1, 3}, 1},
		"bad name":          {three(1) + strings.Replace(three(2), "J3_1_2", "J3_1_", 1) + three(3), []int{1, 3}, 1},
		"no column":         {three(1) + strings.Replace(three(2), "M2,1,100,", "M2,1,", 1) + three(3), []int{1, 3}, 1},
		"no arrival at all": {three(1) + strings.Replace(three(2), "0,j_2,M2", "j_2,M2", 1) + three(3), []int{1, 3}, 1},
		"no job, inside":    {three(1) + strings.Replace(three(2), "0,j_2,M2", "0,,M2", 1) + three(3), []int{1, 3}, 1},
		"no job, between":   {three(1) + strings.Replace(three(2), "0,j_2,M1", "0,,M1", 1) + three(3), []int{3}, 2},
		"no job, begin":     {strings.Replace(three(1), "0,j_1,M1", "0,,M1", 1) + three(2), []int{2}, 1},
		"cut":               {three(1) + three(2) + "0,j_3", []int{1}, 2}, // it may be of j_2, or of j_31, or of j_3
		"cut name":          {three(1) + three(22) + "0,j_2", []int{1}, 2},
		"header":            {RowFormat + "\n" + three(1), []int{1}, 0},
		"comment":           {three(1) + "# 2 jobs more\n" + three(2), []int{1, 2}, 0},
		"no DAG":            {three(1) + "0,j_1,task_NDg2,1,,0.3,1\n" + three(2), []int{1, 2}, 0},
		"word as a task":    {three(1) + "0,j_1,oops,1,100,0.3,1\n" + three(2), []int{1, 2}, 0},
		"row twice":         {three(1) + three(2) + "0,j_1,M2,1,100,0.3,1\n", []int{1, 2}, 0},
		"two of a number":   {three(1) + three(2) + "0,j_1,M2,1,100,0.4,1\n", []int{2}, 1},
		"numbers anew":      {three(1) + three(2) + "900,j_1,M1,2,100,0.3,1\n900,j_1,R9_1,2,100,0.3,1\n", []int{2}, 1},
	} {
		trace := read(t, c.text)
		var jobs []int
		for _, j := range trace.Jobs {
			if jobs = append(jobs, j.Number); len(j.Tasks) != 3 {
				t.Errorf("%s: j_%d has %d tasks", name, j.Number, len(j.Tasks))
			}
		}
		if !reflect.DeepEqual(jobs, c.jobs) || trace.Lost != c.lost {
			t.Errorf("%s: jobs %v and %d lost, want %v and %d", name, jobs, trace.Lost, c.jobs, c.lost)
		}
		notes := strings.Join(trace.Notes(workload.DefaultOptions()), "")
		if (c.lost > 0) != strings.Contains(notes, "lost a row") ||
			(len(trace.Malformed) > 0) != (notes != "") || strings.Contains(notes, "1 malformed rows") {
			t.Errorf("%s: %s", name, notes)
		}
	}
}

// The order of rows is no matter: those of one number are one job.
func TestInterleavedRowsAreOneJob(t *testing.T) {
	whole := Synthesize(200, 3)
	var text strings.Builder
	if err := Write(&text, whole); err != nil {
		t.Fatal(err)
	}
	rows := strings.Split(strings.TrimSuffix(text.String(), "\n"), "\n")
	random := rand.New(rand.NewPCG(1, 1))
	random.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	mixed := read(t, strings.Join(rows, "\n"))
	if len(mixed.Jobs) != len(whole.Jobs) || len(mixed.Malformed) > 0 || mixed.Lost > 0 {
		t.Fatalf("%d jobs of %d, %v", len(mixed.Jobs), len(whole.Jobs), mixed.Malformed)
	}
	chains := func(trace *Trace) map[string]workload.Job {
		all := map[string]workload.Job{}
		for _, j := range Chains(trace, workload.Options{Factors: workload.DefaultOptions().Factors, Functions: 1}) {
			all[j.Name] = j
		}
		return all
	}
	if want, got := chains(whole), chains(mixed); len(want) < 20 || !reflect.DeepEqual(want, got) {
		t.Errorf("%d chains from the rows mixed, %d from those in order", len(got), len(want))
	}
	// A job of many tasks that is met again and again is searched by an index.
	var long strings.Builder
	for i := 1; i <= maxTask; i++ {
		fmt.Fprintf(&long, "0,j_1,M%d,1,1,1,1\n0,j_2,M%d,1,1,1,1\n", i, i)
		if i == 100 {
			long.WriteString("0,j_1,R50_1,1,1,1,1\n")
		}
	}
	trace := read(t, long.String())
	if len(trace.Jobs) != 1 || trace.Jobs[0].Number != 2 ||
		len(trace.Jobs[0].Tasks) != maxTask || trace.Dropped != maxTask {
		t.Errorf("%d jobs, %d rows dropped, %v", len(trace.Jobs), trace.Dropped, trace.Malformed)
	}
}

// A row's line is found by what it says, whatever numbers the tasks have.
func TestRowsAreFound(t *testing.T) {
	rows := "\ufeff0,j_7,M1,1,100,0.1,1\r\n0,j_7,M900,1,100,0.9,1\r\n" +
		"0,j_7,J9999_1_900,1,100,0.2,1\r\n0,j_08,M1,3,1,0.1,1\n"
	trace := read(t, rows)
	task, ok := trace.Largest("j_7", workload.DefaultOptions().Factors)
	if !ok || task.Name != "M900" {
		t.Errorf("the largest is %+v, %v", task, ok)
	}
	for _, c := range []struct {
		job, task string
		line      int
	}{{"j_7", "M1", 1}, {"j_7", "M900", 2}, {"j_7", "J9999_1_900", 3}, {"j_8", "M1", 4}} {
		found, ok := trace.Find(c.job, c.task)
		if line, err := FindRow(strings.NewReader(rows), c.job, found); !ok || err != nil || line != c.line {
			t.Errorf("%s of %s is in line %d, %v", c.task, c.job, line, err)
		}
	}
	if _, ok := trace.Find("j_9", "M1"); ok {
		t.Error("a task of no job is found")
	}
}
