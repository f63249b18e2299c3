package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"github.com/google/cel-go/cel"
	"github.com/open-policy-agent/opa/v1/ast"
	"github.com/open-policy-agent/opa/v1/rego"
	"github.com/open-policy-agent/opa/v1/util"
	admissionv1 "k8s.io/api/admission/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/runtime/serializer"
	"k8s.io/apiserver/pkg/admission"
	plugin "k8s.io/apiserver/pkg/admission/plugin/cel"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	psa "k8s.io/pod-security-admission/api"
	"k8s.io/pod-security-admission/policy"
	"sigs.k8s.io/yaml"
)

// Engine decides whether a pod satisfies a level of the Pod Security Standards.
type Engine interface {
	Name() string
	// Review reads a request and decides about its pod, as a webhook or a plug-in does for each pod.
	Review(review []byte) (bool, error)
	// Decode turns the pod into what the engine evaluates.
	Decode(pod []byte) (any, error)
	// Evaluate decides about a decoded pod.
	Evaluate(decoded any) (bool, error)
}

var decoder = func() runtime.Decoder {
	scheme := runtime.NewScheme()
	if err := corev1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	if err := admissionv1.AddToScheme(scheme); err != nil {
		panic(err)
	}
	return serializer.NewCodecFactory(scheme).UniversalDeserializer()
}()

func decodePod(text []byte) (*corev1.Pod, error) {
	object, _, err := decoder.Decode(text, nil, nil)
	if err != nil {
		return nil, err
	}
	pod, ok := object.(*corev1.Pod)
	if !ok {
		return nil, fmt.Errorf("%T is no pod", object)
	}
	return pod, nil
}

// podOf is the text of the pod in a review.
func podOf(review []byte) ([]byte, error) {
	object, _, err := decoder.Decode(review, nil, nil)
	if err != nil {
		return nil, err
	}
	read, ok := object.(*admissionv1.AdmissionReview)
	if !ok || read.Request == nil {
		return nil, errors.New("no review with a request")
	}
	return read.Request.Object.Raw, nil
}

// reviewed decodes a review and evaluates its pod.
func reviewed(engine Engine, review []byte) (bool, error) {
	pod, err := podOf(review)
	if err != nil {
		return false, err
	}
	decoded, err := engine.Decode(pod)
	if err != nil {
		return false, err
	}
	return engine.Evaluate(decoded)
}

// podSecurity is the evaluator of Pod Security admission.
type podSecurity struct {
	evaluator policy.Evaluator
	level     psa.LevelVersion
}

func newPodSecurity(level string) (*podSecurity, error) {
	evaluator, err := policy.NewEvaluator(policy.DefaultChecks(), nil)
	return &podSecurity{evaluator, psa.LevelVersion{Level: psa.Level(level), Version: psa.LatestVersion()}}, err
}

func (p *podSecurity) Name() string                       { return "Pod Security admission" }
func (p *podSecurity) Review(review []byte) (bool, error) { return reviewed(p, review) }
func (p *podSecurity) Decode(pod []byte) (any, error)     { return decodePod(pod) }

func (p *podSecurity) Evaluate(decoded any) (bool, error) {
	pod := decoded.(*corev1.Pod)
	results := p.evaluator.EvaluatePod(p.level, &pod.ObjectMeta, &pod.Spec)
	return policy.AggregateCheckResults(results).Allowed, nil
}

//go:embed standards.yaml
var expressions []byte

// expression is a named expression of a policy.
type expression struct {
	name, text string
	returns    *cel.Type
}

func (e expression) GetName() string          { return e.name }
func (e expression) GetExpression() string    { return e.text }
func (e expression) ReturnTypes() []*cel.Type { return []*cel.Type{e.returns} }

// admissionPolicy is a ValidatingAdmissionPolicy as the API server compiles and evaluates it.
type admissionPolicy struct {
	conditions plugin.ConditionEvaluator
	ids        []string
}

func newAdmissionPolicy(level string) (*admissionPolicy, error) {
	var standards struct {
		Variables []struct{ Name, Expression string }
		Checks    []struct {
			ID, Expression string
			Levels         []string
		}
	}
	if err := yaml.UnmarshalStrict(expressions, &standards); err != nil {
		return nil, err
	}
	compiler, err := plugin.NewCompositedCompiler(environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion()))
	if err != nil {
		return nil, err
	}
	none := plugin.OptionalVariableDeclarations{}
	for _, variable := range standards.Variables {
		accessor := expression{variable.Name, variable.Expression, cel.AnyType}
		if result := compiler.CompileAndStoreVariable(accessor, none, environment.StoredExpressions); result.Error != nil {
			return nil, fmt.Errorf("%s: %w", variable.Name, result.Error)
		}
	}
	var conditions []plugin.ExpressionAccessor
	compiled := &admissionPolicy{}
	for _, check := range standards.Checks {
		for _, of := range check.Levels {
			if of == level {
				conditions = append(conditions, expression{check.ID, check.Expression, cel.BoolType})
				compiled.ids = append(compiled.ids, check.ID)
			}
		}
	}
	compiled.conditions = compiler.CompileCondition(conditions, none, environment.StoredExpressions)
	return compiled, errors.Join(compiled.conditions.CompilationErrors()...)
}

func (a *admissionPolicy) Name() string                       { return "ValidatingAdmissionPolicy" }
func (a *admissionPolicy) Review(review []byte) (bool, error) { return reviewed(a, review) }
func (a *admissionPolicy) Decode(pod []byte) (any, error)     { return decodePod(pod) }

var (
	kind     = schema.GroupVersionKind{Version: "v1", Kind: "Pod"}
	resource = schema.GroupVersionResource{Version: "v1", Resource: "pods"}
)

func (a *admissionPolicy) Evaluate(decoded any) (bool, error) {
	pod := decoded.(*corev1.Pod)
	attributes := admission.NewAttributesRecord(pod, nil, kind, pod.Namespace, pod.Name, resource, "", admission.Create, nil, false, nil)
	versioned := &admission.VersionedAttributes{Attributes: attributes, VersionedKind: kind, VersionedObject: admission.NewLazyObject(pod)}
	request := plugin.CreateAdmissionRequest(attributes, metaResource, metaKind)
	results, _, err := a.conditions.ForInput(context.Background(), versioned, request, plugin.OptionalVariableBindings{}, nil, celconfig.RuntimeCELCostBudget)
	if err != nil {
		return false, err
	}
	for index, result := range results {
		if result.Error != nil {
			return false, fmt.Errorf("%s: %w", a.ids[index], result.Error)
		}
		if holds, ok := result.EvalResult.Value().(bool); !ok || !holds {
			return false, nil
		}
	}
	return true, nil
}

//go:embed standards.rego
var module string

// opa is the Open Policy Agent as a library, as Gatekeeper uses it.
type opa struct {
	query rego.PreparedEvalQuery
}

func newOPA(level string) (*opa, error) {
	query := rego.Query("data.standards.violations." + level)
	prepared, err := rego.New(query, rego.Module("standards.rego", module)).PrepareForEval(context.Background())
	return &opa{prepared}, err
}

func (o *opa) Name() string { return "Open Policy Agent" }

// Review reads the whole review at once, as a server of OPA does.
func (o *opa) Review(review []byte) (bool, error) {
	var read struct{ Request struct{ Object any } }
	if err := util.UnmarshalJSON(review, &read); err != nil {
		return false, err
	}
	pod, err := ast.InterfaceToValue(read.Request.Object)
	if err != nil {
		return false, err
	}
	return o.Evaluate(pod)
}

func (o *opa) Decode(pod []byte) (any, error) {
	var object any
	if err := util.UnmarshalJSON(pod, &object); err != nil {
		return nil, err
	}
	return ast.InterfaceToValue(object)
}

func (o *opa) Evaluate(decoded any) (bool, error) {
	results, err := o.query.Eval(context.Background(), rego.EvalParsedInput(decoded.(ast.Value)))
	if err != nil {
		return false, err
	}
	if len(results) != 1 || len(results[0].Expressions) != 1 {
		return false, errors.New("no result")
	}
	violations, ok := results[0].Expressions[0].Value.([]any)
	if !ok {
		return false, fmt.Errorf("%T are no violations", results[0].Expressions[0].Value)
	}
	return len(violations) == 0, nil
}

// engines are all of them, at one level.
func engines(level string) ([]Engine, error) {
	security, err := newPodSecurity(level)
	if err != nil {
		return nil, err
	}
	expressions, err := newAdmissionPolicy(level)
	if err != nil {
		return nil, err
	}
	agent, err := newOPA(level)
	return []Engine{security, expressions, agent}, err
}
