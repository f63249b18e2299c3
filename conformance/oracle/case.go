package main

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// Case is some policies, and either the request to evaluate or a validation of the policies.
type Case struct {
	Name string
	// Psps are the PodSecurityPolicy objects of the cluster, as policy/v1beta1 JSON.
	Psps []json.RawMessage
	// ValPSP asks for the validation of Psps instead of an admission.
	ValPSP bool

	// Pod and OldPod are the objects of the request, as v1 JSON.
	Pod, OldPod json.RawMessage
	// Op is the operation; CREATE if empty.
	Op string
	// Sub is the subresource.
	Sub string
	// User and Groups are the requester; NoUser leaves the request without user info.
	User   string
	Groups []string
	NoUser bool
	// Grants say who may use which policy. Absent, everybody may use all; empty, no user may use any.
	Grants *[]Grant

	// Gates are feature gates, as the API server's flag takes them: `Name=bool,Name=bool`.
	Gates string
	// Raw leaves out the defaulting of Pod and OldPod.
	Raw bool
	// Steps limits a CREATE to one phase, `admit` or `validate`; both run if empty.
	Steps string
	// Counts says that an update changes a field which this API does not have, so that it is a change all the same.
	Counts bool
	// Loose says that the API may be unable to read the pods, which is the answer then.
	Loose bool
}

// Grant is a binding of the `use` verb.
type Grant struct {
	// Group is the API group the role names; empty stands for every group.
	Group string
	// Namespace is where the binding lives; empty for one of the whole cluster.
	Namespace string
	// Policy is the PodSecurityPolicy granted.
	Policy string
	// Subject is the name of a user or of a group.
	Subject string
}

// Result is the answer to a Case.
type Result struct {
	Name string `json:"name,omitempty"`
	// Admit and Validate are the outcomes of the two phases: `ok`, or the text of the error.
	Admit    string `json:"admit,omitempty"`
	Validate string `json:"validate,omitempty"`
	// Audit are the audit annotations that the plug-in wrote.
	Audit *map[string]string `json:"audit,omitempty"`
	// Pod is the pod after the mutating phase, Stored the one after the registry's preparation. Only on CREATE.
	Pod    any `json:"pod,omitempty"`
	Stored any `json:"stored,omitempty"`
	// Law is the answer to another request, which replaced the original one: the plug-in ignored all subresources.
	Law *Result `json:"law,omitempty"`
	// Reasons are those of the phase that rejected the pod, by the names of the policies.
	Reasons []Reasons `json:"reasons,omitempty"`
	// Unread is why the pods cannot be read, if the case allows that.
	Unread string `json:"unread,omitempty"`
	// Errors are the findings of the validation of the policies.
	Errors *[]string `json:"errors,omitempty"`
}

// answer turns the JSON of a case into the JSON of its result.
func answer(question []byte) ([]byte, error) {
	var c Case
	decoder := json.NewDecoder(bytes.NewReader(question))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&c); err != nil {
		return nil, fmt.Errorf("cannot decode the case: %w", err)
	}
	result, err := judge(&c)
	if err != nil {
		return nil, fmt.Errorf("case %q: %w", c.Name, err)
	}
	result.Name = c.Name
	return json.Marshal(result)
}
