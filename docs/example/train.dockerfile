FROM python:3.11-slim
COPY train.py .
ENTRYPOINT ["python", "train.py"]
