package influxtest

import (
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// Series is one result of an InfluxQL query. Numbers are json.Number, which keeps all digits.
type Series struct {
	Name    string
	Tags    map[string]string
	Columns []string
	Values  [][]any
}

// InfluxQL asks a database, and fails the test where the query does. Times are in nanoseconds.
func (s *Server) InfluxQL(database, query string) []Series {
	s.t.Helper()
	form := url.Values{"db": {database}, "q": {query}, "epoch": {"ns"}}
	response, err := http.PostForm(s.URL+"/query", form)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Results []struct {
			Series []Series
			Error  string
		}
		Error string
	}
	decoder := json.NewDecoder(response.Body)
	decoder.UseNumber()
	if err := decoder.Decode(&answer); err != nil {
		s.t.Fatal(err)
	}
	var all []Series
	for _, r := range answer.Results {
		if r.Error != "" {
			s.t.Fatalf("%s: %s", query, r.Error)
		}
		all = append(all, r.Series...)
	}
	if answer.Error != "" {
		s.t.Fatalf("%s: %s", query, answer.Error)
	}
	return all
}

// Flux asks the server, and fails the test where the query does. It returns the rows of all tables by
// column.
func (s *Server) Flux(query string) []map[string]string {
	s.t.Helper()
	address := s.URL + "/api/v2/query?org="
	request, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, address, strings.NewReader(query))
	if err != nil {
		s.t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/vnd.flux")
	request.Header.Set("Accept", "application/csv")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		s.t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		s.t.Fatalf("%s: HTTP %d, %v: %s", query, response.StatusCode, err, text)
	}
	return tables(s, query, string(text))
}

// tables reads annotated CSV: each table has a header of its own.
func tables(s *Server, query, text string) []map[string]string {
	s.t.Helper()
	var rows []map[string]string
	for _, table := range strings.Split(strings.ReplaceAll(text, "\r\n", "\n"), "\n\n") {
		reader := csv.NewReader(strings.NewReader(table))
		reader.FieldsPerRecord, reader.Comment = -1, '#'
		lines, err := reader.ReadAll()
		if err != nil {
			s.t.Fatal(err)
		}
		for i, line := range lines {
			if i == 0 {
				continue
			}
			row := map[string]string{}
			for c, value := range line {
				row[lines[0][c]] = value
			}
			if row["error"] != "" {
				s.t.Fatalf("%s: %s", query, row["error"])
			}
			rows = append(rows, row)
		}
	}
	return rows
}
