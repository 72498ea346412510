# Rules that select findings, and where discovery results go.

terraform {
  required_providers {
    aws = {
      source = "hashicorp/aws"
    }
  }
}

variable "endpoint" {}
variable "region" {}
variable "key" {}
variable "secret" { sensitive = true }
variable "bucket" {}

# What the test changes after the first apply.
variable "action" { default = "NOOP" }
variable "position" { default = 1 }
variable "types" { default = ["CREDIT_CARD_NUMBER", "USA_SOCIAL_SECURITY_NUMBER"] }
variable "prefix" { default = "results" }
variable "owner" { default = "data" }

provider "aws" {
  region                      = var.region
  access_key                  = var.key
  secret_key                  = var.secret
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  max_retries                 = 1
  endpoints {
    macie2 = var.endpoint
    sts    = var.endpoint
    iam    = var.endpoint
  }
}

# Every operator that the provider knows.
resource "aws_macie2_findings_filter" "cards" {
  name        = "cards"
  description = "Cards and numbers"
  action      = var.action
  position    = var.position
  tags        = { team = var.owner }
  finding_criteria {
    criterion {
      field = "classificationDetails.result.sensitiveData.detections.type"
      eq    = var.types
    }
    criterion {
      field = "severity.description"
      neq   = ["Low"]
    }
    criterion {
      field          = "classificationDetails.result.sensitiveData.category"
      eq_exact_match = ["FINANCIAL_INFORMATION", "PERSONAL_INFORMATION"]
    }
    criterion {
      field = "count"
      gte   = "1"
      lt    = "1000000"
    }
    criterion {
      field = "updatedAt"
      gt    = "2026-01-01T00:00:00Z"
    }
  }
}

resource "aws_macie2_findings_filter" "bucket" {
  name_prefix = "of-a-bucket-"
  action      = "ARCHIVE"
  finding_criteria {
    criterion {
      field = "resourcesAffected.s3Bucket.name"
      eq    = ["scratch"]
    }
  }
  depends_on = [aws_macie2_findings_filter.cards]
}

resource "aws_macie2_classification_export_configuration" "this" {
  s3_destination {
    bucket_name = var.bucket
    key_prefix  = var.prefix
    kms_key_arn = "arn:aws:kms:${var.region}:111122223333:key/12345678-1234-1234-1234-123456789012"
  }
}
