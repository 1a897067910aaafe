locals {
  personas = jsondecode(file("${path.module}/personas.json"))

  # Member, resource and role name each grant, so that adding one moves no other.
  project_grants = merge([
    for email, member in var.members : {
      for role in local.personas[member.role].project : "${email} ${role}" => {
        member = "${member.type}:${email}"
        role   = role
      }
    }
  ]...)

  bucket_grants = merge(flatten([
    for email, member in var.members : [
      for name, bucket in var.buckets : {
        for role in local.personas[member.role].buckets : "${email} ${name} ${role}" => {
          bucket = bucket
          member = "${member.type}:${email}"
          role   = role
        }
      }
    ]
  ])...)

  repository_grants = merge(flatten([
    for email, member in var.members : [
      for name, repository in var.repositories : {
        for role in local.personas[member.role].repositories : "${email} ${name} ${role}" => {
          member     = "${member.type}:${email}"
          repository = repository
          role       = role
        }
      }
    ]
  ])...)

  secret_grants = merge(flatten([
    for email, member in var.members : [
      for name, secret in var.secrets : {
        for role in local.personas[member.role].secrets : "${email} ${name} ${role}" => {
          member = "${member.type}:${email}"
          role   = role
          secret = secret
        }
      }
    ]
  ])...)

  identity_grants = merge(flatten([
    for email, member in var.members : [
      for name, identity in var.identities : {
        for role in local.personas[member.role].identities : "${email} ${name} ${role}" => {
          id     = identity.id
          member = "${member.type}:${email}"
          role   = role
        }
      } if contains(identity.users, member.role)
    ]
  ])...)
}

resource "google_project_iam_member" "project" {
  for_each = local.project_grants

  project = var.project_id
  role    = each.value.role
  member  = each.value.member
}

resource "google_storage_bucket_iam_member" "buckets" {
  for_each = local.bucket_grants

  bucket = each.value.bucket
  role   = each.value.role
  member = each.value.member
}

resource "google_artifact_registry_repository_iam_member" "repositories" {
  for_each = local.repository_grants

  project    = var.project_id
  location   = each.value.repository.location
  repository = each.value.repository.name
  role       = each.value.role
  member     = each.value.member
}

resource "google_secret_manager_secret_iam_member" "secrets" {
  for_each = local.secret_grants

  project   = var.project_id
  secret_id = each.value.secret
  role      = each.value.role
  member    = each.value.member
}

resource "google_service_account_iam_member" "identities" {
  for_each = local.identity_grants

  service_account_id = each.value.id
  role               = each.value.role
  member             = each.value.member
}
