locals {
  # DVC has one default remote.
  only_remote = length([for bucket in local.environment.buckets : bucket if bucket.dvc]) == 1
}

output "alerts" {
  description = "Full name of each alerting policy."
  value       = merge([for monitoring in module.monitoring : monitoring.alerts]...)
}

output "builds" {
  description = "Full name of each build's trigger."
  value       = { for name, build in module.builds : name => build.id }
}

output "buckets" {
  description = "Address of each bucket, for gcloud storage, DVC and Python."
  value       = { for name, bucket in module.buckets : name => bucket.url }
}

output "commands" {
  description = "Commands that people need most."
  value = merge(
    {
      "use the project" = "gcloud config set project ${local.environment.project}"
    },
    length(module.repositories) == 0 ? {} : {
      "log docker in" = "gcloud auth configure-docker ${local.environment.region}-docker.pkg.dev"
    },
    {
      for name, bucket in module.buckets : "keep data in the bucket ${name} with DVC" => "dvc remote add ${local.only_remote ? "--default " : ""}${name} ${bucket.url} && dvc remote modify ${name} version_aware ${local.environment.buckets[name].versioning}"
      if local.environment.buckets[name].dvc
    },
    {
      for name, bucket in module.buckets : "list the bucket ${name}" => "gcloud storage ls ${bucket.url}"
    },
    {
      for name, service in module.run_services : "call the service ${name}" => local.environment.services[name].public ? "curl ${service.url}" : "groundwork services call ${name} /"
    },
    {
      for name, function in module.functions : "call the function ${name}" => local.environment.functions[name].public ? "curl ${function.url}" : "groundwork functions call ${name}"
      if local.environment.functions[name].trigger == null
    },
    {
      for name, workstation in module.workstations : "log in to the workstation ${name}" => workstation.ssh
    },
    length(local.environment.builds) == 0 || length(local.connected) > 0 ? {} : {
      "connect the builds to GitHub (then say connected: true below github)" = "gcloud builds connections create github ${local.names.connection} --region ${local.environment.region} --project ${local.environment.project}"
    },
  )
}

output "dashboard" {
  description = "Full name of the dashboard, if the file has alerts."
  value       = one([for monitoring in module.monitoring : monitoring.dashboard])
}

output "functions" {
  description = "Address of each function."
  value       = { for name, function in module.functions : name => function.url }
}

output "identities" {
  description = "E-mail address of each identity's service account."
  value       = { for name, identity in module.identities : name => identity.email }
}

output "jobs" {
  description = "Name of each job."
  value       = { for name, job in module.run_jobs : name => job.name }
}

output "members" {
  description = "Persona of each member."
  value       = module.team_access.members
}

output "repositories" {
  description = "What the names of each repository's images begin with."
  value       = { for name, repository in module.repositories : name => repository.url }
}

output "secrets" {
  description = "Full name of each secret."
  value       = { for name, secret in module.secrets : name => secret.id }
}

output "services" {
  description = "Address of each service."
  value       = { for name, service in module.run_services : name => service.url }
}

output "training" {
  description = "Where training stages, and its TensorBoard."
  value       = { for name, training in module.training : name => { staging = training.staging, tensorboard = training.tensorboard } }
}

output "workstations" {
  description = "Full name of each workstation."
  value       = { for name, workstation in module.workstations : name => workstation.id }
}
