{{/* Labels of one role. */}}
{{- define "fedstate.labels" -}}
app.kubernetes.io/name: fedstate
app.kubernetes.io/component: {{ . }}
{{- end }}

{{- define "fedstate.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag }}
{{- end }}

{{/* A Deployment: role, replicas, account, resources, env (list), envFrom, volumes, mounts. */}}
{{- define "fedstate.deployment" -}}
{{- $root := .root -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: fedstate-{{ .role }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "fedstate.labels" .role | nindent 4 }}
spec:
  replicas: {{ .replicas }}
  selector:
    matchLabels:
      {{- include "fedstate.labels" .role | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "fedstate.labels" .role | nindent 8 }}
    spec:
      {{- if .account }}
      serviceAccountName: {{ .account }}
      {{- else }}
      automountServiceAccountToken: false
      {{- end }}
      terminationGracePeriodSeconds: 35
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        seccompProfile:
          type: RuntimeDefault
      containers:
        - name: {{ .role }}
          image: {{ include "fedstate.image" $root }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          args: [{{ .role }}]
          env:
            - name: POD_NAME
              valueFrom:
                fieldRef:
                  fieldPath: metadata.name
            - name: POD_NAMESPACE
              valueFrom:
                fieldRef:
                  fieldPath: metadata.namespace
            {{- range $name, $value := .env }}
            {{- if $value }}
            - name: {{ $name }}
              value: {{ $value | toString | quote }}
            {{- end }}
            {{- end }}
          {{- with .envSecret }}
          envFrom:
            - secretRef:
                name: {{ . }}
          {{- end }}
          ports:
            - name: metrics
              containerPort: 8080
            - name: health
              containerPort: 8081
          startupProbe:
            httpGet:
              path: /healthz
              port: health
            initialDelaySeconds: 3
            periodSeconds: 1
            timeoutSeconds: 5
            # On a starved node a start takes minutes; killing it then would only make it start again.
            failureThreshold: 300
          livenessProbe:
            httpGet:
              path: /healthz
              port: health
            periodSeconds: 10
            timeoutSeconds: 5
            # Three minutes: one that is only short of CPU must not lose what it has loaded.
            failureThreshold: 18
          readinessProbe:
            httpGet:
              path: /readyz
              port: health
            periodSeconds: 5
            timeoutSeconds: 5
          resources:
            {{- toYaml .resources | nindent 12 }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          {{- if or .kubeconfigSecret .scratch }}
          volumeMounts:
            {{- if .kubeconfigSecret }}
            - name: karmada
              mountPath: /etc/karmada
              readOnly: true
            {{- end }}
            {{- if .scratch }}
            - name: tmp
              mountPath: /tmp
            {{- end }}
          {{- end }}
      {{- if or .kubeconfigSecret .scratch }}
      volumes:
        {{- with .kubeconfigSecret }}
        - name: karmada
          secret:
            secretName: {{ . }}
            # Its own and no other: each role has an account of its own on Karmada.
            items:
              - key: {{ $.role }}
                path: kubeconfig
        {{- end }}
        {{- if .scratch }}
        - name: tmp
          emptyDir: {}
        {{- end }}
      {{- end }}
      {{- with $root.Values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $root.Values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end }}
