package function

import (
	"strings"
	"testing"
)

// TestStructuredEvents: of an answer that is a CloudEvent as JSON the data are the result. The cases are those of
// CloudEvents' JSON format 1.0, section 3.1.
func TestStructuredEvents(t *testing.T) {
	for _, c := range []struct{ members, want, fault string }{
		{`"datacontenttype": "application/json", "data": {"a": [1, 2]}`, `{"a": [1, 2]}`, ""},
		{`"data": "a text"`, `"a text"`, ""},
		{`"datacontenttype": "application/problem+json; charset=utf-8", "data": 7`, `7`, ""},
		{`"datacontenttype": "text/xml", "data": "<much wow=\"xml\"/>"`, `<much wow="xml"/>`, ""},
		{`"datacontenttype": "text/xml", "data": {"a": 1}`, `{"a": 1}`, ""},
		{`"datacontenttype": "application/vnd.apache.thrift.binary", "data_base64": "AAEC/w=="`, "\x00\x01\x02\xff", ""},
		{`"data_base64": ""`, "", ""},
		{`"data": null`, "", ""},
		{`"id": "1"`, "", ""},
		{`"data": 1, "data_base64": "AA=="`, "", "both data and data_base64"},
		{`"data_base64": "not base64"`, "", "cannot be read"},
		{`"data": `, "", "cannot be read"},
	} {
		got, err := dataOf([]byte(`{"specversion": "1.0", "type": "t", ` + c.members + `}`))
		if string(got) != c.want || (err != nil) != (c.fault != "") || err != nil && !strings.Contains(err.Error(), c.fault) {
			t.Errorf("%s: %q, %v; want %q %s", c.members, got, err, c.want, c.fault)
		}
	}
	if _, err := dataOf([]byte(`{"data": 1}`)); err == nil || !strings.Contains(err.Error(), "no specversion") {
		t.Errorf("not an event: %v", err)
	}
	for mediaType, want := range map[string]bool{
		"application/cloudevents+json": true, "application/cloudevents+json; charset=UTF-8": true,
		"application/json": false, "application/cloudevents-batch+json": false, "": false,
	} {
		if structured(mediaType) != want {
			t.Errorf("%q: %v", mediaType, !want)
		}
	}
}
