//! The namespaces of distributions: what runs there comes with the cluster, and has to start before any policy server.
//!
//! Only namespaces that a cluster of the distribution has, or makes for its own add-ons. A name that is not taken is a hole: any
//! user who may create namespaces could take it.

/// A distribution, and its namespaces in the order of their names.
pub(super) const DISTRIBUTIONS: [(&str, &[&str]); 6] = [
    ("kubeadm", &["kube-system"]),
    (
        "rke2",
        &[
            "calico-apiserver",
            "calico-system",
            "cis-operator-system",
            "compliance-operator-system",
            "kube-system",
            "tigera-operator",
        ],
    ),
    (
        "rancher",
        &[
            "calico-apiserver",
            "calico-system",
            "cattle-capi-system",
            "cattle-csp-adapter-system",
            "cattle-fleet-local-system",
            "cattle-fleet-system",
            "cattle-impersonation-system",
            "cattle-logging-system",
            "cattle-monitoring-system",
            "cattle-provisioning-capi-system",
            "cattle-system",
            "cattle-turtles-system",
            "cattle-ui-plugin-system",
            "cis-operator-system",
            "compliance-operator-system",
            "kube-system",
            "longhorn-system",
            "tigera-operator",
        ],
    ),
    ("eks", &["amazon-cloudwatch", "amazon-guardduty", "kube-system"]),
    (
        "gke",
        &[
            "gke-gmp-system",
            "gke-managed-cim",
            "gke-managed-filestorecsi",
            "gke-managed-system",
            "gke-managed-volumepopulator",
            "gmp-system",
            "kube-system",
        ],
    ),
    (
        "aks",
        &[
            "aks-command",
            "aks-istio-system",
            "app-routing-system",
            "calico-system",
            "gatekeeper-system",
            "kube-system",
            "tigera-operator",
        ],
    ),
];

/// The namespaces that a name stands for: itself, or those of a distribution, as in `@rke2`.
///
/// # Errors
///
/// If there is no such distribution.
pub(super) fn expand(name: &str) -> Result<Vec<String>, String> {
    let Some(distribution) = name.strip_prefix('@') else {
        return Ok(vec![name.to_owned()]);
    };
    match DISTRIBUTIONS.iter().find(|(known, _)| *known == distribution) {
        Some((_, namespaces)) => Ok(namespaces.iter().map(|&name| name.to_owned()).collect()),
        None => {
            let known: Vec<String> = DISTRIBUTIONS.iter().map(|(name, _)| format!("@{name}")).collect();
            Err(format!("there is no list {name}; there are {}", known.join(", ")))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_distribution_stands_for_its_namespaces() {
        assert_eq!(expand("shop"), Ok(vec!["shop".to_owned()]));
        assert_eq!(
            expand("@eks"),
            Ok(["amazon-cloudwatch", "amazon-guardduty", "kube-system"].map(str::to_owned).into())
        );
        assert_eq!(
            expand("@k3s"),
            Err("there is no list @k3s; there are @kubeadm, @rke2, @rancher, @eks, @gke, @aks".to_owned())
        );
    }

    #[test]
    fn lists_are_sorted_have_kube_system_and_only_names_of_namespaces() {
        for (distribution, namespaces) in DISTRIBUTIONS {
            assert!(namespaces.is_sorted(), "{distribution}");
            assert!(namespaces.contains(&"kube-system"), "{distribution}");
            for name in namespaces {
                assert_eq!(pod_security_policy::schema::subdomain_problem(name), None, "{name}");
                assert!(name.len() <= 63 && !name.contains('.'), "{name}");
            }
        }
    }
}
