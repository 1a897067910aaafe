variable "amount" {
  description = "Most that the project may cost in a month, before credits."
  type        = number

  validation {
    condition     = var.amount > 0 && var.amount <= 1000000000
    error_message = "The amount must be above 0, and at most 1000000000."
  }
}

variable "billing_account" {
  description = "ID of the billing account that pays for the project."
  type        = string

  validation {
    condition     = can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.billing_account))
    error_message = "The billing account must be an id such as 012345-6789AB-CDEF01, as `gcloud billing accounts list` prints them."
  }
}

variable "currency" {
  description = "Currency of the billing account."
  type        = string
  default     = "USD"
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z]{3}$", var.currency))
    error_message = "The currency must have three capital letters, such as USD."
  }
}

variable "labels" {
  description = "Labels, for example to tell costs apart."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition = alltrue([
      for key, value in var.labels : can(regex("^[a-z][a-z0-9_-]{0,62}$", key)) && can(regex("^[a-z0-9_-]{0,63}$", value))
    ])
    error_message = "Label keys and values must have at most 63 lower-case letters, digits, dashes and underscores; keys begin with a letter."
  }
}

variable "name" {
  description = "Name of the budget, as e-mails show it."
  type        = string

  validation {
    condition     = length(var.name) >= 1 && length(var.name) <= 60
    error_message = "The budget name must have 1 to 60 characters."
  }
}

variable "notify" {
  description = "E-mail addresses that get every e-mail too, of people or of groups."
  type        = set(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.notify) <= 5 && alltrue([for address in var.notify : can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", address))])
    error_message = "There must be at most 5 e-mail addresses, such as team@example.com."
  }
}

variable "project_id" {
  description = "Project ID."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project_id))
    error_message = "The project id must have 6 to 30 lower-case letters, digits and dashes, begin with a letter and not end with a dash."
  }
}

variable "project_number" {
  description = "Number of the project whose costs count; Google does not take its ID here."
  type        = string

  validation {
    condition     = can(regex("^[0-9]+$", var.project_number))
    error_message = "The project number must have digits only."
  }
}

variable "thresholds" {
  description = "Parts of the amount, each of which sends one e-mail a month when it is spent: 0.5 is half."
  type        = list(number)
  default     = [0.5, 0.8, 1]
  nullable    = false

  validation {
    condition     = length(var.thresholds) > 0 && length(distinct(var.thresholds)) == length(var.thresholds) && alltrue([for threshold in var.thresholds : threshold >= 0.01 && threshold <= 10])
    error_message = "The thresholds must be at least one, all different, each from 0.01 to 10: 0.5 is half of the amount."
  }
}

variable "topic" {
  description = "Full name of a Pub/Sub topic that gets the spend several times a day; with one, the project's owners get the e-mails too."
  type        = string
  default     = null

  validation {
    condition     = var.topic == null ? true : can(regex("^projects/[^/\\s]+/topics/[^/\\s]+$", var.topic))
    error_message = "The topic must be written as projects/my-project/topics/my-topic, or be null."
  }
}
