output "labels" {
  description = "Labels of everything in the environment."
  value = merge(var.values.labels, {
    environment = local.name
    managed-by  = "groundwork"
  })
}

output "names" {
  description = "Names that follow from the file: of each bucket and of groundwork's own, of each identity's service account, of each persona's own role and of those for the budget, and of the connection to GitHub."
  value = {
    budget_roles = { for kind in ["editor", "viewer"] : kind => "groundwork_budget_${kind}" }
    buckets      = { for name, bucket in var.values.buckets : name => coalesce(bucket.called, "${var.values.project}-${name}") }
    connection   = "github"
    deployer     = "groundwork-deployer"
    events       = "groundwork-events"
    functions    = "${var.values.project}-functions"
    identities   = { for name, identity in var.values.identities : name => coalesce(identity.called, "groundwork-${name}") }
    planner      = "groundwork-planner"
    roles        = { for persona in keys(local.personas) : persona => "groundwork_${replace(persona, "-", "_")}" }
    scheduler    = "groundwork-scheduler"
    sources      = "${var.values.project}-sources"
    staging      = "${var.values.project}-staging"
    state_bucket = "${var.values.project}-tfstate"
  }
}

output "personas" {
  description = "The personas, by name."
  value       = local.personas
}

output "values" {
  description = "What the file says, with every default filled in."
  value = merge(var.values, {
    # DVC's old commits point at old versions.
    buckets = {
      for name, bucket in var.values.buckets : name => merge(bucket, {
        versioning = coalesce(bucket.versioning, bucket.dvc)
      })
    }
  })

  precondition {
    condition     = length(local.unknown_keys) == 0
    error_message = "${var.path} has keys that are not known: ${join(", ", local.unknown_keys)}. They are listed in envs/README.md."
  }

  precondition {
    condition     = length(local.empty_entries) == 0
    error_message = "${var.path} has entries without a value: ${join(", ", local.empty_entries)}. Write {} where nothing is to be said."
  }
}
